"""AI systems and their model versions."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AISystem(models.Model):
    """A deployed AI system, in the sense of the EU AI Act, Article 3(1)."""

    class Position(models.TextChoices):
        PROVIDER = "provider", _("Provider")
        DEPLOYER = "deployer", _("Deployer")
        BOTH = "both", _("Provider and deployer")

    class Risk(models.TextChoices):
        MINIMAL = "minimal", _("Minimal")
        LIMITED = "limited", _("Limited (transparency duties)")
        HIGH = "high", _("High (Annex III or Annex I)")

    organisation = models.ForeignKey(
        "governance.Organisation", on_delete=models.PROTECT, related_name="systems"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    purpose = models.TextField()
    position = models.CharField(max_length=16, choices=Position.choices)
    risk_class = models.CharField(max_length=16, choices=Risk.choices)
    risk_reasoning = models.TextField()
    accountable_officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="answers_for"
    )
    moderates_content = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="system_slug_is_unique_in_its_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(position__in=["provider", "deployer", "both"]),
                name="system_position_is_provider_or_deployer",
            ),
            models.CheckConstraint(
                condition=models.Q(risk_class__in=["minimal", "limited", "high"]),
                name="system_risk_class_is_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(purpose=""), name="system_states_its_intended_purpose"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModelVersion(models.Model):
    """A version of the model inside a system."""

    system = models.ForeignKey(AISystem, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField(max_length=60)
    notes = models.TextField(blank=True)
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "name"], name="model_version_name_is_unique_in_its_system"
            )
        ]

    def __str__(self) -> str:
        return self.name
