"""Drafting, writing, approving and publishing cards; each step is an entry in the organisation's log."""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

from django.core.files.base import ContentFile
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audits.reports.manifest import Json, canonical, sha256
from governance import trail
from governance.errors import DomainError
from governance.jobs import services as jobs
from governance.organisations.models import Person
from governance.policies import selectors as policies
from governance.systems.models import AISystem
from modelcards.cards import narrative, selectors
from modelcards.cards.models import Card, CardVersion

TASK = "cards.render"
PARTS = ("major", "minor", "patch")
MAX_SECTION = 20_000


class DraftExists(DomainError):
    code = "card_draft_exists"
    status = 409


class NotADraft(DomainError):
    code = "card_not_a_draft"
    status = 409


class TextChanged(DomainError):
    """Somebody wrote on the draft after it was looked at."""

    code = "card_text_changed"
    status = 409


class NotApproved(DomainError):
    code = "card_not_approved"
    status = 409


class NotRendered(DomainError):
    code = "card_not_rendered"
    status = 409


class UnknownSection(DomainError):
    code = "unknown_section"


class SectionTooLong(DomainError):
    code = "section_too_long"


class UnknownPart(DomainError):
    code = "unknown_version_part"


@trail.act()
def draft(
    *,
    system: AISystem,
    by: Person | None,
    at: dt.datetime,
    part: str = "minor",
    reason: str = "First version",
) -> CardVersion:
    """The next version of the system's card, its text taken over from the last; the first is 1.0.0.

    ``part`` of the number goes up: major (another model or edge set), minor (another policy), patch (wording).
    """
    if part not in PARTS:
        raise UnknownPart(_("A version goes up in its major, minor or patch part."), field="part")
    card = _card_of(system, at)
    if selectors.in_preparation(card=card) is not None:
        raise DraftExists(_("A version of this card is in preparation; publish it first."))
    last = selectors.versions(card=card).first()
    version = CardVersion(card=card, reason=reason, created_at=at, created_by=by)
    version.major, version.minor, version.patch = _next(last, part)
    version.narrative = dict(last.narrative) if last else {"intended_use": system.purpose}
    newest = policies.history(system=system).first()
    version.policy_version = newest.version if newest else None
    version.save()
    _record("card.drafted", version, by, at, sealed={"reason": reason}, policy_version=version.policy_version)
    return version


@trail.act()
def write(*, version: CardVersion, sections: Mapping[str, str], by: Person, at: dt.datetime) -> CardVersion:
    """Replaces the text of the sections given, in Markdown."""
    locked = _locked(
        version, CardVersion.State.DRAFT, NotADraft(_("Only a draft can be written; begin the next version."))
    )
    for slug, text in sections.items():
        if slug not in narrative.SLUGS:
            raise UnknownSection(_("A card has no section of that name."), field=slug)
        if len(text) > MAX_SECTION:
            raise SectionTooLong(_("A section holds at most 20,000 characters."), field=slug)
    locked.narrative = {**locked.narrative, **sections}
    locked.save(update_fields=["narrative"])
    _record("card.edited", locked, by, at, sections=sorted(sections))
    return locked


@trail.act()
def approve(
    *, version: CardVersion, manifest: Json, evidence: bytes, by: Person | None, at: dt.datetime
) -> CardVersion:
    """Freezes text and figures as they are in ``manifest``; a worker then lays out the PDF.

    ``version`` is the draft that ``manifest`` was made from: one that was written on since is not approved unread.
    """
    locked = _locked(version, CardVersion.State.DRAFT, NotADraft(_("This version is approved already.")))
    if locked.narrative != version.narrative:
        raise TextChanged(_("Somebody has just changed the text. Read the draft again, then approve it."))
    frozen = canonical(manifest)
    locked.state, locked.approved_at, locked.approved_by = CardVersion.State.APPROVED, at, by
    locked.manifest, locked.manifest_sha256 = frozen.decode(), sha256(frozen)
    locked.evidence = evidence.decode()
    organisation = locked.card.organisation
    locked.job = jobs.enqueue(task=TASK, arguments={"version": locked.pk}, organisation=organisation, at=at)
    locked.save()
    _record("card.approved", locked, by, at, manifest_sha256=locked.manifest_sha256)
    return locked


@trail.act()
def keep(*, version: CardVersion, pdf: bytes, at: dt.datetime) -> CardVersion:
    """Keeps the PDF that was laid out from the frozen manifest."""
    locked = _locked(version, CardVersion.State.APPROVED, NotApproved(_("Approve this version first.")))
    locked.pdf_sha256 = sha256(pdf)
    locked.file.save(f"cards/{locked.card.slug}/{locked.number}.pdf", ContentFile(pdf), save=False)
    locked.save(update_fields=["file", "pdf_sha256"])
    _record("card.rendered", locked, None, at, sha256=locked.pdf_sha256)
    return locked


@trail.act()
def publish(*, version: CardVersion, by: Person | None, at: dt.datetime) -> CardVersion:
    """Makes the version public; from now on nothing in it changes."""
    locked = _locked(version, CardVersion.State.APPROVED, NotApproved(_("Approve this version first.")))
    if not locked.pdf_sha256:
        raise NotRendered(_("The PDF is still being made; publish in a moment."))
    locked.state, locked.published_at, locked.published_by = CardVersion.State.PUBLISHED, at, by
    locked.save()
    hashes: dict[str, Any] = {"sha256": locked.pdf_sha256, "manifest_sha256": locked.manifest_sha256}
    _record("card.published", locked, by, at, **hashes)
    return locked


def _card_of(system: AISystem, at: dt.datetime) -> Card:
    AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
    found = selectors.of_system(system=system)
    if found is not None:
        return found
    return Card.objects.create(
        organisation=system.organisation, system=system, slug=_free_slug(system), created_at=at
    )


def _free_slug(system: AISystem) -> str:
    """The system's own name, with its organisation's before it, or with a number behind that: the first not taken."""
    longer = slugify(f"{system.organisation.slug}-{system.slug}")
    tried = itertools.chain([system.slug, longer], (f"{longer}-{number}" for number in itertools.count(2)))
    return next(slug for slug in tried if not Card.objects.filter(slug=slug).exists())


def _next(last: CardVersion | None, part: str) -> tuple[int, int, int]:
    if last is None:
        return 1, 0, 0
    numbers = [last.major, last.minor, last.patch]
    place = PARTS.index(part)
    raised = [*numbers[:place], numbers[place] + 1, 0, 0][:3]
    return raised[0], raised[1], raised[2]


def _locked(version: CardVersion, state: str, refusal: DomainError) -> CardVersion:
    locked = (
        CardVersion.objects.select_for_update(of=("self",))
        .select_related("card__organisation", "card__system")
        .get(pk=version.pk)
    )
    if locked.state != state:
        raise refusal
    return locked


def _record(event: str, version: CardVersion, by: Person | None, at: dt.datetime, **facts: Any) -> None:
    card = version.card
    named: dict[str, Any] = {"card": card.slug, "version": version.number}
    subject = f"card:{card.slug}/{version.number}"
    trail.record(event, organisation=card.organisation, by=by, at=at, subject=subject, **named, **facts)
