"""Decision records that a model lost before they reached the log, as it reports itself."""

from django.db import models


class LossReport(models.Model):
    """The highest count that one process of a model has reported with one API key; it only rises."""

    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey("governance.ApiKey", on_delete=models.PROTECT, related_name="+")
    process = models.CharField(max_length=64, blank=True)
    total = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "process"], name="loss_report_is_one_for_each_key_and_process"
            ),
            models.CheckConstraint(condition=models.Q(total__gte=0), name="loss_report_is_not_negative"),
        ]
        indexes = [models.Index(fields=["system", "-last_at"], name="loss_report_by_system")]

    def __str__(self) -> str:
        return f"{self.total} lost by {self.process or 'a process'} of key {self.key_id}"
