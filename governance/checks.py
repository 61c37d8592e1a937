"""System checks: every port names something that exists; a missing one stops the start."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from governance.starting import TAG

SINGLE_PORTS = ("GOVERNANCE_TRAIL", "AUDITS_CONSTITUENCY_WEIGHTS", "AUDITS_MINUTES_SOURCE")
LIST_PORTS = (
    "GOVERNANCE_WEB_COMPANIONS",
    "GOVERNANCE_METRICS",
    "GOVERNANCE_INBOX_SOURCES",
    "GOVERNANCE_PANELS",
    "AUDITS_EVIDENCE_SOURCES",
)


@register(TAG)
def ports_resolve(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """governance.E001: a port is not set; governance.E002: it names nothing that can be called."""
    for name in SINGLE_PORTS + LIST_PORTS:
        value = getattr(settings, name, None)
        if not value:
            yield Error(
                f"{name} is not set.", hint="Name a dotted path, as in settings.py.", id="governance.E001"
            )
            continue
        for path in [value] if isinstance(value, str) else value:
            yield from _callable(name, path)


def _callable(name: str, path: str) -> Iterable[CheckMessage]:
    try:
        found = import_string(path)
    except ImportError as error:
        yield Error(f"{name} names {path}: {error}", hint="Correct the dotted path.", id="governance.E002")
        return
    if not callable(found):
        yield Error(
            f"{name} names {path}, which cannot be called.", hint="Name a function.", id="governance.E002"
        )
