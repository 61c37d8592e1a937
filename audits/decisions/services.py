"""Logging decision records."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import msgspec
from django.utils.translation import gettext as _
from edgewise import merkle
from edgewise.record import Problem

from audits.decisions import opening, selectors, storing, terms
from audits.decisions.drafting import Draft
from audits.decisions.opening import Receipt
from audits.decisions.storing import Pending, Stored
from audits.decisions.terms import Terms
from audits.decisions.wire import Refused
from audits.ledger import ready_keys, sealing
from audits.ledger.models import Log
from governance.systems.models import AISystem

RETRYABLE = frozenset({"occurred_in_future"})
_ASK_AGAIN = frozenset({"missing_edge", "unknown_edge", "unknown_policy"})


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one record. ``status`` is logged, duplicate or rejected; rejected ones carry ``problem``.

    ``leaf_hash`` is SHA-256(0x00 ‖ entry).
    """

    status: str
    id: str | None = None
    index: int | None = None
    entry: bytes = b""
    leaf_hash: bytes = b""
    salts: dict[str, str] = {}
    problem: Problem | None = None


def log(*, system: AISystem, records: Sequence[bytes], at: dt.datetime) -> list[Outcome]:
    """Logs JSON records, each judged by itself; when this returns, what it says is committed.

    A decision record is its own trail: it becomes an entry of the system's log.
    """
    known, drafts = _drafts(system, records, at)
    valid = [draft for draft in drafts if isinstance(draft, Draft)]
    sealed = _sealed(system, known.log, valid, at)
    waiting = [each for each in sealed if isinstance(each, Pending)]
    stored = storing.log(waiting) if waiting else []
    answers = iter(_answers(system, waiting, stored))
    outcomes = iter(next(answers) if isinstance(each, Pending) else each for each in sealed)
    return [next(outcomes) if isinstance(draft, Draft) else _refusal(draft) for draft in drafts]


def _drafts(
    system: AISystem, records: Sequence[bytes], at: dt.datetime
) -> tuple[Terms, list[Draft | Refused]]:
    """Reads the records; asks for the system's terms again before it refuses an edge or a policy as unknown."""
    known = terms.of(system, at=at)
    drafts = _with_policy(known.wire.read_many(records, now=at), known.versions)
    if any(isinstance(draft, Refused) and draft.problem.code in _ASK_AGAIN for draft in drafts):
        known = terms.of(system, at=at, anew=True)
        drafts = _with_policy(known.wire.read_many(records, now=at), known.versions)
    return known, drafts


def _with_policy(drafts: list[Draft | Refused], versions: frozenset[int]) -> list[Draft | Refused]:
    return [
        _unknown_policy(draft) if isinstance(draft, Draft) and draft.policy_version not in versions else draft
        for draft in drafts
    ]


def _unknown_policy(draft: Draft) -> Refused:
    detail = _("The system never had a policy %d.") % draft.policy_version
    remedy = _("Send version and digest as GET /api/v1/policy states them.")
    return Refused(draft.id, Problem("unknown_policy", "/policy/version", detail, remedy))


def _refusal(refused: Refused) -> Outcome:
    return Outcome("rejected", refused.id, problem=refused.problem)


def _sealed(system: AISystem, log: Log, drafts: Sequence[Draft], at: dt.datetime) -> list[Pending | Outcome]:
    """Encrypts each draft's secrets under its subject's key, or the system's; a destroyed key takes nothing more.

    Keys are made before the log's turn is taken, and in one order, so that two requests never wait for each other.
    """
    references = [opening.reference(system, draft.subject) for draft in drafts]
    keys = ready_keys.of(organisation=system.organisation, references=sorted(set(references)), at=at)
    pending: list[Pending | Outcome] = []
    for draft, reference in zip(drafts, references, strict=True):
        key = keys[reference]
        try:
            blob = key.encrypt(draft.secrets, bound_to=opening.bound_to(system, draft.id))
        except sealing.Erased:
            pending.append(_of_erased(system, draft))
        else:
            pending.append(Pending(log, draft, blob, key.pk, at))
    return pending


def _of_erased(system: AISystem, draft: Draft) -> Outcome:
    """What was logged before the erasure stays a duplicate; nothing new is logged about an erased subject."""
    ready_keys.forget(organisation=system.organisation, reference=opening.reference(system, draft.subject))
    known = selectors.get(organisation=system.organisation, id=uuid.UUID(draft.id), system=system)
    if known is None:
        error = sealing.erased()
        remedy = _("Drop the record: nothing more is logged about this reference.")
        return _refusal(Refused(draft.id, Problem(error.code, "/subject/ref", error.detail, remedy)))
    receipt = opening.receipts(system=system, indexes=[known.index])[known.index]
    return _logged("duplicate", draft.id, known.index, receipt)


def _answers(system: AISystem, waiting: Sequence[Pending], stored: Sequence[Stored]) -> list[Outcome]:
    """What to say of each; those who ask again get entry and salts of what was logged before."""
    indexes = sorted({result.index for result in stored if result.status == "duplicate"})
    earlier = opening.receipts(system=system, indexes=indexes) if indexes else {}
    return [
        _answer(system, each.draft, result, earlier) for each, result in zip(waiting, stored, strict=True)
    ]


def _answer(system: AISystem, draft: Draft, result: Stored, earlier: Mapping[int, Receipt]) -> Outcome:
    if result.status == "conflict":
        detail = _("This id is logged with other content.")
        problem = Problem("conflicting_duplicate", "/id", detail, _("Use a new id."))
        return Outcome("rejected", draft.id, problem=problem)
    if result.status == "erased":
        return _of_erased(system, draft)
    if result.index in earlier:
        return _logged(result.status, draft.id, result.index, earlier[result.index])
    return Outcome(result.status, draft.id, result.index, draft.entry, draft.leaf_hash, draft.salts)


def _logged(status: str, identity: str, index: int, receipt: Receipt) -> Outcome:
    entry, salts = receipt
    return Outcome(status, identity, index, entry, merkle.leaf_hash(entry), salts)
