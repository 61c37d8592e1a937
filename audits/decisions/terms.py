"""What a process has to know of a system to read its records: edges, policies that ever existed, its log.

Kept for a second, so that a stream of single records does not ask the same three questions each time; what seems to be
missing is asked again before it is refused.
"""

import datetime as dt
import functools
from dataclasses import dataclass

from audits.decisions.wire import Wire
from audits.ledger import sealing
from audits.ledger import services as ledger
from audits.ledger.models import Log
from governance.edges import selectors as edges
from governance.policies import selectors as policies
from governance.recent import Recent
from governance.systems.models import AISystem

_recent = Recent[int, "Terms"]()
_logs = Recent[int, Log](seconds=3_600)
WIRES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """``versions``: every policy version that ever existed."""

    wire: Wire
    versions: frozenset[int]
    log: Log


def of(system: AISystem, *, at: dt.datetime, anew: bool = False) -> Terms:
    """The terms of ``system``, at most a second old, or read now if ``anew``."""
    if anew:
        return _recent.keep(system.pk, _read(system, at))
    return _recent.of(system.pk, lambda: _read(system, at))


def _read(system: AISystem, at: dt.datetime) -> Terms:
    versions = policies.history(system=system).order_by().values_list("version", flat=True)
    wire = _wire(system.slug, edges.leaf_slugs(system=system))
    return Terms(wire, frozenset(versions), _log(system, at))


def _log(system: AISystem, at: dt.datetime) -> Log:
    """A log once opened stays."""
    return _logs.of(
        system.pk, lambda: ledger.open_log(organisation=system.organisation, system=system, at=at)
    )


def _wire(slug: str, leaves: tuple[str, ...]) -> Wire:
    return _built(sealing.keyed_digest("fingerprint key", slug.encode()), slug, leaves)


@functools.lru_cache(maxsize=WIRES_KEPT)
def _built(key: bytes, slug: str, leaves: tuple[str, ...]) -> Wire:
    """Decoders take a millisecond to build, so those used last are kept as long as the edges stay the same."""
    return Wire(system=slug, edges=leaves, key=key)
