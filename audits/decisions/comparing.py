"""Comparing decisions beside the log with their entries: public columns, ids, and the verdicts, computed once more.

What an erasure empties (sealed values, groups, a person's own weights) stands in no entry in clear and is not compared;
nor is what rests on more than the record, or can be built again (columns, index). A verdict that was reached with
weights that are erased by now stays as it is.
"""

import copy
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from edgewise import record as sdk
from edgewise.errors import VerificationError

from audits.decisions import assessing
from audits.decisions.assessing import Logged
from audits.decisions.models import Assessment, Cursor, Decision, DecisionId
from audits.ledger import comparing, statements
from governance.policies import selectors as policies
from governance.policies.models import Policy
from governance.systems.models import AISystem

COLUMNS = (
    "uuid", "occurred_at", "model_version", "context", "chosen", "disposition", "policy_version", "options"
)  # fmt: skip
_ROWS = (
    f"SELECT index, weights, sealed IS NULL, {', '.join(COLUMNS)} FROM audits_decision "  # noqa: S608  (names only)
    "WHERE system_id = %s AND index >= %s AND index < %s ORDER BY index"
)
_ASSESSED = (
    "SELECT index, verdicts, assessed_at FROM audits_assessment "
    "WHERE system_id = %s AND index >= %s AND index < %s ORDER BY index"
)
# One descent for each id asked for; `uuid = ANY(…)` would send every id through every partition.
_IDS = (
    "SELECT known.index FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (uuid, place) LEFT JOIN audits_decisionid "
    "AS known ON known.uuid = asked.uuid AND known.system_id = %s ORDER BY asked.place"
)
_decode = msgspec.json.Decoder().decode
Records = dict[int, dict[str, Any]]


class Decisions(comparing.Comparison):
    """The rows of one system."""

    def __init__(self, system: AISystem) -> None:
        super().__init__()
        self._system = system
        self._judge: _Judge | None = None
        self._decisions = 0

    def compare(self, first: int, entries: Sequence[bytes]) -> None:
        """Decisions, their ids, and what was assessed of them."""
        records = {index: found for index, entry in enumerate(entries, first) if (found := _record(entry))}
        place = [self._system.pk, first, first + len(entries)]
        rows, assessed = statements.run((_ROWS, place), (_ASSESSED, place))
        logged = _compared(records, rows)
        self._compare_ids(logged)
        self._decisions += len(logged)
        self._judge = self._judge or _Judge(self._system)
        self._judge.compare(logged, assessed)

    def _compare_ids(self, logged: Sequence[Logged]) -> None:
        (found,) = statements.run((_IDS, [[each.uuid for each in logged], self._system.pk]))
        for each, (index,) in zip(logged, found, strict=True):
            if index != each.index:
                raise comparing.differ("audits_decisionid", "index", each.index)

    def beyond(self, size: int) -> None:
        """None of entries to come, and no id that stands for nothing."""
        for table, rows in (("audits_decision", Decision.objects), ("audits_assessment", Assessment.objects)):
            later = rows.filter(system=self._system, index__gte=size).order_by("index")
            comparing.check_places(table, [], later.values_list("index", flat=True)[:1])
        ids = DecisionId.objects.filter(system=self._system).count()
        if ids != self._decisions:
            raise VerificationError(f"audits_decisionid has {ids} rows, the log {self._decisions} decisions")


def _record(entry: bytes) -> dict[str, Any] | None:
    """The record in an entry; None if it is no decision."""
    try:
        found = _decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    is_decision = isinstance(found, dict) and found.get("type") == "decision"
    return found["record"] if is_decision else None


def _compared(records: Records, rows: Sequence[tuple[Any, ...]]) -> list[Logged]:
    """The decisions, once each row says what its record says."""
    comparing.check_places("audits_decision", records, [row[0] for row in rows])
    logged = []
    for index, weights, emptied, *found in rows:
        record = records[index]
        expected = _public(record)
        if found != expected:
            at = next(at for at, both in enumerate(zip(found, expected, strict=True)) if both[0] != both[1])
            raise comparing.differ("audits_decision", COLUMNS[at], index)
        if (weights is None) != (record.get("weights") is None) and not emptied:
            raise comparing.differ("audits_decision", "weights", index)
        logged.append(Logged(index, found[0], found[1], weights, record))
    return logged


def _public(record: Mapping[str, Any]) -> list[Any]:
    """What the columns hold of a record, as `drafting` takes it out."""
    return [
        uuid.UUID(record["id"]),
        sdk.parse_time(record["occurred_at"]),
        record["model_version"],
        record["context"],
        record.get("chosen") or None,
        record["disposition"],
        record["policy"]["version"],
        len(record["options"]),
    ]


class _Judge:
    """Judges once more what was assessed, under the policies that there were then."""

    def __init__(self, system: AISystem) -> None:
        cursor = Cursor.objects.filter(system=system).first()
        self._next = cursor.next if cursor else 0
        self._policies = {policy.version: policy for policy in policies.history(system=system)}
        self._orders = assessing.edge_orders(system)

    def compare(self, logged: Sequence[Logged], rows: Sequence[tuple[int, list[str], dt.datetime]]) -> None:
        """Whatever lies below the cursor is assessed, the rest not yet."""
        assessed = [each for each in logged if each.index < self._next]
        comparing.check_places(
            "audits_assessment", [each.index for each in assessed], [row[0] for row in rows]
        )
        told = {index: (verdicts, at) for index, verdicts, at in rows}
        whole = [each for each in assessed if not _lacks_weights(each)]
        for part, judged in assessing.judged(whole, self._policies, self._orders):
            for each, verdicts in zip(part, judged.verdicts, strict=True):
                before, at = told[each.index]
                if before != verdicts and before != self._then(each, at):
                    raise comparing.differ("audits_assessment", "verdicts", each.index)

    def _then(self, logged: Logged, at: dt.datetime) -> list[str] | None:
        """The verdicts under the policies as they stood at ``at``; None if the one claimed came later.

        A record may be a little ahead of the clock: of a policy enacted since, its assessment knew nothing.
        """
        then = {version: _standing(policy, at) for version, policy in self._policies.items()
                if policy.in_force_from <= at}  # fmt: skip
        if logged.record["policy"]["version"] not in then:
            return None
        ((_part, judged),) = assessing.judged([logged], then, self._orders)
        return judged.verdicts[0]


def _lacks_weights(logged: Logged) -> bool:
    """Whether it was made with a person's own weights, which are erased."""
    return logged.weights is None and logged.record.get("weights") is not None


def _standing(policy: Policy, at: dt.datetime) -> Policy:
    if policy.in_force_until is None or policy.in_force_until <= at:
        return policy
    then = copy.copy(policy)
    then.in_force_until = None
    return then
