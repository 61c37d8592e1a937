"""The clock of background work, on a machine whose own clock may be set back."""

from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):  # type: ignore[misc]
    """Sends on time after the machine's clock was set back: Celery's own would wait until it has caught up again."""

    def tick(self, *arguments: Any, **options: Any) -> float:
        """One round; what was sent in the future, as it now seems, was sent just now."""
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None
        interval: float = super().tick(*arguments, **options)
        return interval
