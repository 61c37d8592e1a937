"""Logging decision records."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from edgewise import merkle
from edgewise.record import Problem

from audits.decisions import opening, selectors, storing, terms
from audits.decisions.storing import Pending, Stored
from audits.decisions.wire import Draft, Refused
from audits.ledger import sealing
from governance.systems.models import AISystem

RETRYABLE = frozenset({"occurred_in_future"})
_ASK_AGAIN = frozenset({"missing_edge", "unknown_edge", "unknown_policy"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record. ``status`` is logged, duplicate or rejected; rejected ones carry ``problem``."""

    status: str
    id: str | None = None
    index: int | None = None
    entry: bytes = b""
    salts: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def leaf_hash(self) -> str | None:
        """Hex of SHA-256(0x00 ‖ entry)."""
        return merkle.leaf_hash(self.entry).hex() if self.entry else None


def log(*, system: AISystem, records: Sequence[bytes], at: dt.datetime) -> list[Outcome]:
    """Logs JSON records, each judged by itself; when this returns, what it says is committed.

    A decision record is its own trail: it becomes an entry of the system's log.
    """
    drafts = _drafts(system, records, at)
    outcomes: list[Outcome | None] = [
        _refusal(draft.id, draft.problem) if isinstance(draft, Refused) else None for draft in drafts
    ]
    places = [place for place, outcome in enumerate(outcomes) if outcome is None]
    valid = [draft for draft in drafts if isinstance(draft, Draft)]
    pending = _encrypted(system, valid, at)
    waiting = [
        (place, each) for place, each in zip(places, pending, strict=True) if isinstance(each, Pending)
    ]
    for place, each in zip(places, pending, strict=True):
        if isinstance(each, Outcome):
            outcomes[place] = each
    stored = storing.group_commit.submit([each for _place, each in waiting]) if waiting else []
    earlier = _earlier(system, stored)
    for (place, each), result in zip(waiting, stored, strict=True):
        outcomes[place] = _answer(each, result, earlier)
    return [outcome for outcome in outcomes if outcome is not None]


def _drafts(system: AISystem, records: Sequence[bytes], at: dt.datetime) -> list[Draft | Refused]:
    """Reads the records; asks for the system's terms again before it refuses an edge or a policy as unknown."""
    known = terms.of(system, at=at)
    drafts = _with_policy(known.wire.read_many(records, now=at), known.versions)
    if any(isinstance(draft, Refused) and draft.problem.code in _ASK_AGAIN for draft in drafts):
        known = terms.of(system, at=at, anew=True)
        drafts = _with_policy(known.wire.read_many(records, now=at), known.versions)
    return drafts


def _with_policy(drafts: list[Draft | Refused], versions: frozenset[int]) -> list[Draft | Refused]:
    return [
        _unknown_policy(draft) if isinstance(draft, Draft) and draft.policy_version not in versions else draft
        for draft in drafts
    ]


def _unknown_policy(draft: Draft) -> Refused:
    detail = _("The system never had a policy %d.") % draft.policy_version
    return Refused(str(draft.id), Problem("unknown_policy", "/policy/version", detail))


def _refusal(identity: str | None, problem: Problem) -> Outcome:
    return Outcome("rejected", identity, problem=problem)


def _encrypted(system: AISystem, drafts: Sequence[Draft], at: dt.datetime) -> list[Pending | Outcome]:
    """Seals each draft's secrets under its subject's key, or the system's; a destroyed key takes nothing more.

    Keys are made before the log's turn is taken, and in one order, so that two requests never wait for each other.
    """
    if not drafts:
        return []
    known = terms.of(system, at=at)
    subjects = sorted({opening.reference(system, draft.subject) for draft in drafts if draft.subject})
    keys = sealing.data_keys(organisation=system.organisation, references=subjects, at=at) if subjects else {}
    pending: list[Pending | Outcome] = []
    for draft in drafts:
        key = keys[opening.reference(system, draft.subject)] if draft.subject else known.data_key
        try:
            blob = sealing.encrypt(key, draft.secrets, bound_to=opening.bound_to(system, draft.id))
            pending.append(Pending(known.log, draft, blob, key.pk, at))
        except sealing.Erased as error:
            pending.append(_of_erased(system, draft, error))
    return pending


def _of_erased(system: AISystem, draft: Draft, error: sealing.Erased) -> Outcome:
    """What was logged before the erasure stays a duplicate; nothing new is logged about an erased subject."""
    known = selectors.get(organisation=system.organisation, id=draft.id, system=system)
    if known is None:
        return _refusal(str(draft.id), Problem(error.code, "/subject/ref", error.detail))
    entry, salts = opening.receipts(system=system, indexes=[known.index])[known.index]
    return Outcome("duplicate", str(draft.id), known.index, entry, salts)


def _earlier(system: AISystem, stored: Sequence[Stored]) -> dict[int, tuple[bytes, dict[str, str]]]:
    """Entry and salts of what was logged before, for those who ask again."""
    indexes = sorted({result.index for result in stored if result.status == "duplicate"})
    return opening.receipts(system=system, indexes=indexes) if indexes else {}


def _answer(each: Pending, result: Stored, earlier: dict[int, tuple[bytes, dict[str, str]]]) -> Outcome:
    identity = str(each.draft.id)
    if result.status == "conflict":
        detail = _("This id is logged with other content.")
        return _refusal(identity, Problem("conflicting_duplicate", "/id", detail, _("Use a new id.")))
    entry, salts = earlier.get(result.index, (each.draft.entry, each.draft.salts))
    return Outcome(result.status, identity, result.index, entry, salts)
