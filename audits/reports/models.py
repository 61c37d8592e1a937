"""Reports: documents asked for, rendered from a frozen manifest, kept as they were."""

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Report(models.Model):
    """One document. Once finished, its manifest, its file and their hashes do not change.

    Erased with the data it showed, it keeps its hashes only.
    """

    class Kind(models.TextChoices):
        COMPLIANCE = "compliance", _("Compliance report")
        MINUTES = "minutes", _("Minutes of a proposal")
        EXPLANATION = "explanation", _("Explanation of a decision")

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        RENDERING = "rendering", _("Being made")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")
        ERASED = "erased", _("Erased")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        "governance.Organisation", on_delete=models.PROTECT, related_name="reports"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    system = models.ForeignKey(
        "governance.AISystem", on_delete=models.PROTECT, null=True, related_name="reports"
    )
    # What a document of another kind is about: the id of a proposal or of a decision.
    subject = models.CharField(max_length=80, blank=True)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    frameworks = ArrayField(models.CharField(max_length=40), default=list)
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    job = models.ForeignKey("governance.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Canonical JSON, byte for byte what the PDF carries.
    manifest = models.TextField(blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    file = models.FileField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="supersedes")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "number"], name="report_number_is_unique_in_its_organisation"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "rendering", "finished", "failed", "erased"]),
                name="report_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="compliance", system__isnull=False, window_start__isnull=False)
                | (~Q(kind="compliance") & ~Q(subject="")),
                name="report_says_what_it_is_about",
            ),
            models.CheckConstraint(
                condition=Q(window_end__isnull=True) | Q(window_end__gt=F("window_start")),
                name="report_window_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~Q(state="finished")
                | Q(finished_at__isnull=False) & Q(pdf_sha256__regex=r"^[0-9a-f]{64}$") & ~Q(file=""),
                name="report_finished_has_file_and_hash",
            ),
            models.CheckConstraint(
                condition=~Q(state="erased") | Q(manifest=""), name="report_erased_has_no_manifest"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number people quote, e.g. R-2026-031."""
        return f"R-{self.requested_at.year}-{self.number:03d}"

    @property
    def last_moment(self) -> dt.datetime | None:
        """The last moment inside the window, for people; its end is the first one outside."""
        return self.window_end - dt.timedelta(microseconds=1) if self.window_end else None
