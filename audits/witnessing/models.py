"""What this deployment has seen of other deployments' logs: the largest tree it cosigned for each."""

from django.db import models

from audits.ledger.models import HASH_BYTES


class WitnessedLog(models.Model):
    """The latest checkpoint cosigned for an origin; it only grows. The note is kept as evidence."""

    origin = models.CharField(max_length=255, primary_key=True)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=HASH_BYTES)
    note = models.TextField(blank=True)
    cosigned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="witnessed_size_is_not_negative")
        ]

    def __str__(self) -> str:
        return self.origin
