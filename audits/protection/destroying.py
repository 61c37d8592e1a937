"""Destroying what is kept about a subject: the key, what lies under it, and what was made of that."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audits.decisions import assessing, erasing
from audits.ledger import sealing
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey
from audits.reports import erasing as documents
from governance import trail
from governance.systems import selectors as systems
from governance.systems.models import AISystem

RANGES_PER_ENTRY = 2_000


@dataclass(frozen=True)
class Known:
    """Where a system's records of a subject stood, in a log of ``size`` entries, when nothing was locked yet."""

    system: AISystem
    size: int
    indexes: list[int]


def known(*, key: DataKey, at: dt.datetime) -> list[Known]:
    """The systems of the key's organisation, with the subject's records; what still waits there is assessed first."""
    found = []
    for system in systems.visible_to(organisation=key.organisation):
        log = ledger.log_of(organisation=key.organisation, system=system)
        size = ledger.size(log=log) if log is not None else 0
        indexes = [index for index in erasing.indexes_under(system=system, key=key) if index < size]
        if indexes:
            assessing.catch_up(system=system, at=at, to=size)
        found.append(Known(system, size, indexes))
    return found


def destroy(*, key: DataKey, known: Sequence[Known], subject: str, at: dt.datetime) -> int:
    """Destroys the key and all that lay under it; how many records. Nothing more is logged about the subject.

    What is known is emptied while logging goes on; logging waits only while what came since is.
    """
    for each in known:
        _empty(each.system, each.indexes, at)
    erasing.stop_logging(systems=[each.system for each in known])
    sealing.destroy(key=key, at=at)
    records = 0
    for each in known:
        later = erasing.indexes_under(system=each.system, key=key, start=each.size)
        _empty(each.system, later, at)
        if indexes := each.indexes + later:
            _tell_system(each.system, indexes, subject, at)
            records += len(indexes)
    return records


def _empty(system: AISystem, indexes: Sequence[int], at: dt.datetime) -> None:
    if indexes:
        erasing.settle(system=system, last=indexes[-1], at=at)
        identities = erasing.empty(system=system, indexes=indexes)
        documents.erase(organisation=system.organisation, decisions=identities, at=at)


def _tell_system(system: AISystem, indexes: Sequence[int], subject: str, at: dt.datetime) -> None:
    """The `erasure` entry: how many records and where they stand, never whose. Very many fill several entries."""
    ranges = list(ranges_of(indexes))
    for first in range(0, len(ranges), RANGES_PER_ENTRY):
        part = ranges[first : first + RANGES_PER_ENTRY]
        count = sum(last - start + 1 for start, last in part)
        trail.record(
            "erasure",
            organisation=system.organisation,
            system=system,
            by=None,
            at=at,
            subject=subject,
            records=count,
            entries=part,
        )


def ranges_of(indexes: Iterable[int]) -> Iterator[list[int]]:
    """Runs of ascending indexes as [first, last]."""
    run: list[int] = []
    for index in indexes:
        if run and index == run[1] + 1:
            run[1] = index
            continue
        if run:
            yield run
        run = [index, index]
    if run:
        yield run
