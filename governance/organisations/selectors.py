"""Questions about organisations and people."""

from django.db.models import QuerySet

from governance.organisations.models import Membership, Organisation, Person


def of_person(*, person: Person, slug: str | None = None) -> Organisation | None:
    """The organisation ``slug`` if the person holds a role there, else the first they joined, else None."""
    joined = Organisation.objects.filter(memberships__person=person).distinct().order_by("pk")
    if slug:
        chosen = joined.filter(slug=slug).first()
        if chosen is not None:
            return chosen
    return joined.first()


def all_of_person(*, person: Person) -> QuerySet[Organisation]:
    return Organisation.objects.filter(memberships__person=person).distinct().order_by("name", "pk")


def memberships(*, organisation: Organisation) -> QuerySet[Membership]:
    """Every role held in the organisation, by person."""
    return (
        Membership.objects.filter(organisation=organisation)
        .select_related("person")
        .order_by("person__username", "role")
    )


def roles_of(*, person: Person, organisation: Organisation) -> list[str]:
    held = Membership.objects.filter(person=person, organisation=organisation)
    return list(held.order_by("role").values_list("role", flat=True))


def people_with_role(*, organisation: Organisation, role: str) -> QuerySet[Person]:
    return Person.objects.filter(memberships__organisation=organisation, memberships__role=role).order_by(
        "username"
    )
