"""System check: every configured route to an independent scorer is one."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from audits.rescoring import routes
from governance.starting import TAG


@register(TAG)
def routes_are_reachable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """audits.E001: an entry of EDGEWISE_RESCORERS names nothing that may be called."""
    for name, found in settings.EDGEWISE_RESCORERS.items():
        trouble = routes.problem(name, found)
        if trouble is not None:
            yield Error(f"EDGEWISE_RESCORERS: {trouble}", hint="See docs/operations.md.", id="audits.E001")
