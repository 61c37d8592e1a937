"""Registering AI systems and their versions."""

import datetime as dt

from django.utils.translation import gettext as _

from governance import trail
from governance.errors import DomainError
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem, ModelVersion


class SystemExists(DomainError):
    code = "system_exists"
    status = 409


class PurposeMissing(DomainError):
    code = "purpose_missing"


class OfficerUnknown(DomainError):
    code = "officer_unknown"


class ChoiceUnknown(DomainError):
    code = "choice_unknown"


class VersionExists(DomainError):
    code = "version_exists"
    status = 409


@trail.act()
def register(
    *,
    organisation: Organisation,
    slug: str,
    name: str,
    purpose: str,
    position: str,
    risk_class: str,
    risk_reasoning: str,
    by: Person | None,
    at: dt.datetime,
    accountable_officer: Person | None = None,
    moderates_content: bool = False,
) -> AISystem:
    """A new system; decisions can be posted once its edges are defined and it has a key."""
    organisations.check_slug(slug)
    _check(organisation, slug, purpose, position, risk_class, accountable_officer)
    system = AISystem.objects.create(
        organisation=organisation,
        slug=slug,
        name=name,
        purpose=purpose,
        position=position,
        risk_class=risk_class,
        risk_reasoning=risk_reasoning,
        accountable_officer=accountable_officer,
        moderates_content=moderates_content,
        created_at=at,
    )
    for log in (None, system):
        trail.record(
            "system.registered",
            organisation=organisation,
            system=log,
            by=by,
            at=at,
            subject=f"system:{slug}",
            position=position,
            risk_class=risk_class,
        )
    return system


def _check(
    organisation: Organisation,
    slug: str,
    purpose: str,
    position: str,
    risk_class: str,
    officer: Person | None,
) -> None:
    if AISystem.objects.filter(organisation=organisation, slug=slug).exists():
        raise SystemExists(_("A system with this short name exists; choose another."), field="slug")
    if not purpose.strip():
        raise PurposeMissing(_("State what the system is intended for."), field="purpose")
    if position not in AISystem.Position.values:
        raise ChoiceUnknown(_("Choose one of: %s.") % ", ".join(AISystem.Position.values), field="position")
    if risk_class not in AISystem.Risk.values:
        raise ChoiceUnknown(_("Choose one of: %s.") % ", ".join(AISystem.Risk.values), field="risk_class")
    if officer is not None and not officer.memberships.filter(organisation=organisation).exists():
        raise OfficerUnknown(
            _("The accountable officer has to hold a role in the organisation."), field="accountable_officer"
        )


@trail.act()
def add_version(
    *, system: AISystem, name: str, by: Person | None, at: dt.datetime, notes: str = ""
) -> ModelVersion:
    """A new version of the system's model, known from ``at`` on."""
    if ModelVersion.objects.filter(system=system, name=name).exists():
        raise VersionExists(_("This version is known already; choose another name."), field="name")
    version = ModelVersion.objects.create(system=system, name=name, notes=notes, released_at=at)
    trail.record(
        "model_version.added",
        organisation=system.organisation,
        system=system,
        by=by,
        at=at,
        subject=f"version:{name}",
    )
    return version
