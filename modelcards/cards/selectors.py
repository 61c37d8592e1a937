"""Questions about cards."""

from django.db.models import QuerySet

from governance.organisations.models import Organisation
from governance.systems.models import AISystem
from modelcards.cards.models import Card, CardVersion


def visible_to(*, organisation: Organisation) -> QuerySet[Card]:
    """The organisation's cards, by system."""
    return (
        Card.objects.filter(organisation=organisation).select_related("system").order_by("system__name", "pk")
    )


def get(*, organisation: Organisation, slug: str) -> Card | None:
    return visible_to(organisation=organisation).filter(slug=slug).first()


def of_system(*, system: AISystem) -> Card | None:
    return Card.objects.filter(system=system).first()


def versions(*, card: Card) -> QuerySet[CardVersion]:
    """Every version, newest first."""
    found = CardVersion.objects.filter(card=card).select_related(
        "job", "created_by", "approved_by", "published_by"
    )
    return found.order_by("-major", "-minor", "-patch")


def in_preparation(*, card: Card) -> CardVersion | None:
    """The draft or approved version, if one is being worked on."""
    return versions(card=card).exclude(state=CardVersion.State.PUBLISHED).first()


def published(*, slug: str, number: str = "") -> CardVersion | None:
    """A published version for the public: the newest, or the one numbered ``number``."""
    found = CardVersion.objects.filter(card__slug=slug, state=CardVersion.State.PUBLISHED)
    found = found.select_related("card__organisation", "card__system")
    if number:
        parts = number.split(".")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
            return None
        major, minor, patch = map(int, parts)
        return found.filter(major=major, minor=minor, patch=patch).first()
    return found.order_by("-major", "-minor", "-patch").first()


def published_numbers(*, card: Card) -> list[str]:
    """The numbers of the published versions, newest first."""
    return [each.number for each in versions(card=card).filter(state=CardVersion.State.PUBLISHED)]


def with_id(*, id: int) -> CardVersion | None:  # noqa: A002
    """Any organisation's version: for the worker that renders it."""
    return CardVersion.objects.select_related("card__organisation", "card__system").filter(pk=id).first()


def all_cards() -> QuerySet[Card]:
    """Every organisation's cards: for the scheduler."""
    return Card.objects.select_related("system__organisation", "organisation").order_by("pk")
