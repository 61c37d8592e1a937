"""Evaluation results: what was measured on a system, on which data, and who answers for it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class EvaluationResult(models.Model):
    """One metric of one suite on one slice. Never edited: a new measurement is a new result."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey(
        "governance.AISystem", on_delete=models.PROTECT, related_name="evaluation_results"
    )
    model_version = models.CharField(max_length=60, blank=True)
    suite = models.CharField(max_length=80)
    metric = models.CharField(max_length=80)
    # The edge that the metric judges, where it judges one.
    edge = models.SlugField(max_length=40, blank=True)
    value = models.FloatField()
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    # Which part of the data, e.g. {"community": "de"}; empty for all of it.
    slice = models.JSONField(default=dict, blank=True)
    n = models.PositiveIntegerField(null=True)
    data_name = models.CharField(max_length=120, blank=True)
    data_sha256 = models.CharField(max_length=64)
    measured_at = models.DateTimeField()
    created_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(data_sha256__regex=r"^[0-9a-f]{64}$"),
                name="evaluation_result_names_its_data_by_hash",
            ),
            models.CheckConstraint(
                condition=Q(low__isnull=True, high__isnull=True)
                | Q(low__lte=F("value"), high__gte=F("value")),
                name="evaluation_interval_holds_its_value",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True, signed_at__isnull=True)
                | Q(signed_by__isnull=False, signed_at__isnull=False),
                name="evaluation_signature_has_person_and_time",
            ),
            models.UniqueConstraint(
                fields=[
                    "system",
                    "suite",
                    "metric",
                    "edge",
                    "slice",
                    "model_version",
                    "data_sha256",
                    "measured_at",
                ],
                name="evaluation_result_is_recorded_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.suite}: {self.metric}"
