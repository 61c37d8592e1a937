"""System check: the file with the logs that are witnessed here can be read."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from audits.ledger import policy_files
from governance.starting import TAG

HINT = (
    "Write one `log VKEY` line for each log and `quorum none` at the end, as in docs/operations.md, “Outside "
    "confirmation”; or take the file away and witness no log."
)


@register(TAG)
def witnessed_logs_can_be_read(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """audits.E003: EDGEWISE_WITNESSED_LOGS names a file that is no list of logs."""
    path = settings.EDGEWISE_WITNESSED_LOGS
    trouble = policy_files.trouble(path, default="witnessed-logs")
    if trouble:
        yield Error(f"EDGEWISE_WITNESSED_LOGS names {path}: {trouble}.", hint=HINT, id="audits.E003")
