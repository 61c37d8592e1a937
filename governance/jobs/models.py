"""Jobs: work to be done off the request path, derived from rows so that no broker can lose it."""

import uuid

from django.db import models


class Job(models.Model):
    """One piece of background work. The row is the promise; the broker's message only wakes a worker."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("governance.Organisation", on_delete=models.CASCADE, related_name="jobs")
    task = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(default=0)
    progress_text = models.CharField(max_length=160, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="job_by_state_and_due")]
        constraints = [
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="job_progress_is_at_most_100"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"
