"""Questions about AI systems."""

from django.db.models import QuerySet

from governance.organisations.models import Organisation
from governance.systems.models import AISystem, ModelVersion


def visible_to(*, organisation: Organisation) -> QuerySet[AISystem]:
    """The organisation's systems, by name."""
    return (
        AISystem.objects.filter(organisation=organisation)
        .select_related("organisation", "accountable_officer")
        .order_by("name", "pk")
    )


def get(*, organisation: Organisation, slug: str) -> AISystem | None:
    return visible_to(organisation=organisation).filter(slug=slug).first()


def by_log_path(*, organisation_slug: str, slug: str) -> AISystem | None:
    """The system whose log lies under ``/log/<organisation>/<system>/``."""
    found = AISystem.objects.filter(organisation__slug=organisation_slug, slug=slug)
    return found.select_related("organisation").first()


def versions(*, system: AISystem) -> QuerySet[ModelVersion]:
    """Newest first."""
    return ModelVersion.objects.filter(system=system).order_by("-released_at", "-pk")
