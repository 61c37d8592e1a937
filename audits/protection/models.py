"""What people asked for about personal data: erasures, legal holds, and how long each system keeps payloads.

A data subject is known here by keyed pseudonym only (32 bytes), the one under which their data key lies.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

PSEUDONYM_BYTES = 32


class Erasure(models.Model):
    """A request under GDPR Art. 17: requested, held while a legal hold stands, executed.

    ``findings`` are those whose answer named the subject when the erasure was asked for: only then was the reference
    known in clear. Their answers are emptied too.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        HELD = "held", _("Waits for a legal hold")
        EXECUTED = "executed", _("Executed")

    organisation = models.ForeignKey("governance.Organisation", on_delete=models.PROTECT, related_name="+")
    pseudonym = models.BinaryField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    findings = ArrayField(models.BigIntegerField(), default=list)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    due_on = models.DateField()
    job = models.ForeignKey("governance.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    executed_at = models.DateTimeField(null=True)
    records = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "pseudonym"],
                condition=~Q(state="executed"),
                name="subject_has_one_open_erasure",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "held"], executed_at__isnull=True, records__isnull=True)
                | Q(state="executed", executed_at__isnull=False, records__isnull=False),
                name="erasure_executed_says_when_and_how_much",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class Hold(models.Model):
    """A legal hold on one subject's data: nothing of them is erased, nor expires, until it is lifted.

    The reason is sealed in the log entry that placed it.
    """

    organisation = models.ForeignKey("governance.Organisation", on_delete=models.PROTECT, related_name="+")
    pseudonym = models.BinaryField()
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "pseudonym"],
                condition=Q(lifted_at__isnull=True),
                name="subject_is_under_one_hold_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="hold_lifted_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class Retention(models.Model):
    """How many days a system keeps payloads; without a row it keeps them until they are erased.

    Entries below ``expired_to`` are done, but for those under a hold: lifting one starts the count again.
    """

    system = models.OneToOneField(
        "governance.AISystem", on_delete=models.PROTECT, primary_key=True, related_name="retention"
    )
    days = models.PositiveIntegerField()
    expired_to = models.BigIntegerField(default=0)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_lasts_a_day_at_least"),
            models.CheckConstraint(condition=Q(expired_to__gte=0), name="retention_cursor_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.days} days"
