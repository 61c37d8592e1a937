"""Model cards and their versions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Card(models.Model):
    """The model card of one AI system; its slug is the address of the public page."""

    organisation = models.ForeignKey(
        "governance.Organisation", on_delete=models.PROTECT, related_name="cards"
    )
    system = models.OneToOneField("governance.AISystem", on_delete=models.PROTECT, related_name="card")
    slug = models.SlugField(max_length=130, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class CardVersion(models.Model):
    """One version: narrative by people, figures by queries, frozen when it is approved, immutable once published."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVED = "approved", _("Approved")
        PUBLISHED = "published", _("Published")

    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="versions")
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    # Why this version was begun, e.g. "Policy 3 took effect".
    reason = models.CharField(max_length=200)
    policy_version = models.PositiveIntegerField(null=True)
    # Section slug to Markdown, written by people.
    narrative = models.JSONField(default=dict)
    manifest = models.TextField(blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    evidence = models.TextField(blank=True)
    file = models.FileField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    job = models.ForeignKey("governance.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["card", "major", "minor", "patch"], name="card_version_number_is_used_once"
            ),
            models.UniqueConstraint(
                fields=["card"],
                condition=Q(state__in=["draft", "approved"]),
                name="one_version_of_a_card_is_in_preparation",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "approved", "published"]), name="card_version_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(approved_at__isnull=False) & Q(manifest_sha256__regex=r"^[0-9a-f]{64}$"),
                name="card_version_approved_has_frozen_figures",
            ),
            models.CheckConstraint(
                condition=~Q(state="published")
                | Q(published_at__isnull=False) & Q(pdf_sha256__regex=r"^[0-9a-f]{64}$") & ~Q(file=""),
                name="card_version_published_has_file_and_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card} {self.number}"

    @property
    def number(self) -> str:
        """Semantic version, e.g. 2.1.0."""
        return f"{self.major}.{self.minor}.{self.patch}"
