"""Founding organisations, adding people, giving roles."""

import datetime as dt

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.translation import gettext as _
from guardian.models import GroupObjectPermission

from governance import trail
from governance.access import roles
from governance.errors import DomainError
from governance.organisations.models import Membership, Organisation, Person

# "/systems/new/" and the like lead to forms.
RESERVED = frozenset({"new"})


class SlugTaken(DomainError):
    code = "slug_taken"
    status = 409


class SlugMalformed(DomainError):
    code = "slug_malformed"


class UsernameTaken(DomainError):
    code = "username_taken"
    status = 409


class UnknownRole(DomainError):
    code = "unknown_role"


class RoleHeldAlready(DomainError):
    code = "role_held_already"
    status = 409


class RoleNotHeld(DomainError):
    code = "role_not_held"
    status = 404


class LastAdministrator(DomainError):
    code = "last_administrator"
    status = 409


@trail.act()
def found(
    *, slug: str, name: str, at: dt.datetime, log_is_public: bool = False, by: Person | None = None
) -> Organisation:
    """A new organisation, with a group for each role that holds the role's permissions on it."""
    check_slug(slug)
    if Organisation.objects.filter(slug=slug).exists():
        raise SlugTaken(_("This short name is in use; choose another."), field="slug")
    organisation = Organisation.objects.create(
        slug=slug, name=name, log_is_public=log_is_public, created_at=at
    )
    _open_roles(organisation)
    trail.record(
        "organisation.founded",
        organisation=organisation,
        by=by,
        at=at,
        subject=f"organisation:{slug}",
        log_is_public=log_is_public,
    )
    return organisation


def _open_roles(organisation: Organisation) -> None:
    """A group for each role, with the role's permissions on the organisation; guardian's own way asks for each."""
    groups = Group.objects.bulk_create(
        [Group(name=roles.group_name(organisation.slug, role)) for role in roles.ROLES]
    )
    kind = ContentType.objects.get_for_model(Organisation)
    permissions = {
        permission.codename: permission for permission in Permission.objects.filter(content_type=kind)
    }
    GroupObjectPermission.objects.bulk_create(
        GroupObjectPermission(
            group=group,
            permission=permissions[codename],
            content_type=kind,
            object_pk=str(organisation.pk),
        )
        for role, group in zip(roles.ROLES, groups, strict=True)
        for codename in sorted(roles.ROLES[role])
    )


def check_slug(slug: str) -> None:
    """Refuses a short name that is not lower-case letters, digits and hyphens, or begins with an underscore."""
    try:
        validate_slug(slug)
    except ValidationError:
        slug = ""
    if not slug or slug != slug.lower() or slug.startswith("_") or slug in RESERVED:
        raise SlugMalformed(
            _(
                "Use lower-case letters, digits and hyphens for the short name, beginning with a letter or digit."
            ),
            field="slug",
        )


@trail.act()
def add_person(
    *,
    organisation: Organisation,
    username: str,
    password: str | None,
    role: str,
    by: Person | None,
    at: dt.datetime,
    display_name: str = "",
    email: str = "",
) -> Person:
    """A new person with one role. Without a password they cannot sign in until one is set."""
    if Person.objects.filter(username=username).exists():
        raise UsernameTaken(_("This user name is in use; choose another."), field="username")
    person = Person.objects.create_user(
        username=username, email=email, password=password, display_name=display_name
    )
    give_role(organisation=organisation, person=person, role=role, by=by, at=at)
    return person


@trail.act()
def give_role(
    *, organisation: Organisation, person: Person, role: str, by: Person | None, at: dt.datetime
) -> Membership:
    """Lets ``person`` act in ``role``."""
    if role not in roles.ROLES:
        raise UnknownRole(_("The roles are: %s.") % ", ".join(roles.ROLES), field="role")
    held = Membership.objects.filter(organisation=organisation, person=person, role=role)
    if held.exists():
        raise RoleHeldAlready(_("This person holds the role already."), field="role")
    membership = Membership.objects.create(organisation=organisation, person=person, role=role, created_at=at)
    person.groups.add(Group.objects.get(name=roles.group_name(organisation.slug, role)))
    trail.record(
        "role.given", organisation=organisation, by=by, at=at, subject=f"person:{person.pk}", role=role
    )
    return membership


@trail.act()
def withdraw_role(
    *, organisation: Organisation, person: Person, role: str, by: Person, at: dt.datetime
) -> None:
    """Ends a role at once; the last administrator stays."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    held = Membership.objects.filter(organisation=organisation, person=person, role=role)
    if not held.exists():
        raise RoleNotHeld(_("This person does not hold the role."), field="role")
    others = Membership.objects.filter(organisation=organisation, role="admin").exclude(person=person)
    if role == "admin" and not others.exists():
        raise LastAdministrator(
            _("An organisation needs an administrator: give the role to somebody else first."), field="role"
        )
    held.delete()
    person.groups.remove(Group.objects.get(name=roles.group_name(organisation.slug, role)))
    trail.record(
        "role.withdrawn", organisation=organisation, by=by, at=at, subject=f"person:{person.pk}", role=role
    )


@trail.act()
def set_log_visibility(
    *, organisation: Organisation, public: bool, by: Person, at: dt.datetime
) -> Organisation:
    """Publishes the organisation's logs, or closes them to all but its own people."""
    locked = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    locked.log_is_public = public
    locked.save(update_fields=["log_is_public"])
    trail.record(
        "organisation.log_visibility_set",
        organisation=locked,
        by=by,
        at=at,
        subject=f"organisation:{locked.slug}",
        public=public,
    )
    return locked
