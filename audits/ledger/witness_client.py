"""Asking one witness to confirm one checkpoint: the client's side of C2SP tlog-witness.

Knows no database: the state it starts from and the proofs are handed in.
"""

import http.client
from collections.abc import Callable, Sequence

from edgewise import backoff, notes, submissions
from edgewise.errors import UnreachableError, VerificationError
from edgewise.notes import Signature, VerifierKey
from edgewise.submissions import Submission
from edgewise.transport import Answer, Transport

from audits.ledger.witnesses import Witness

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 3

Prove = Callable[[int], Sequence[bytes]]


class NotConfirmed(Exception):
    """The witness did not confirm. `problem` is one of the words below, `after` the seconds it wants to rest."""

    def __init__(self, problem: str, detail: str = "", *, after: float = 0.0) -> None:
        super().__init__(detail or problem)
        self.problem = problem
        self.after = after


UNREACHABLE = "unreachable"
ASKED_TOO_OFTEN = "asked_too_often"
FAILING = "failing"
LOG_UNKNOWN = "log_unknown"
KEY_NOT_ACCEPTED = "key_not_accepted"
NOT_UNDERSTOOD = "not_understood"
COSIGNATURE_WRONG = "cosignature_wrong"
AHEAD = "ahead"
CONTRADICTION = "contradiction"
LOG_DAMAGED = "log_damaged"
# The witness holds another history than this log: somebody rewrote one, or restored an old one.
ALARMING = frozenset({AHEAD, CONTRADICTION})
# What says something about the witness, not about the log that it was asked for.
OF_THE_WITNESS = frozenset({UNREACHABLE, ASKED_TOO_OFTEN})
_STATUSES = {403: KEY_NOT_ACCEPTED, 404: LOG_UNKNOWN, 422: CONTRADICTION, 429: ASKED_TOO_OFTEN}


def transport(witness: Witness) -> Transport:
    """A kept-alive way to the witness, with a time limit on every wait."""
    headers = {"User-Agent": "edgewise"}
    return Transport(witness.url, headers, timeout=TIMEOUT_SECONDS, max_body=submissions.MAX_BYTES)


def confirm(
    witness: Witness, way: Transport, *, note: str, size: int, old: int, prove: Prove
) -> dict[VerifierKey, Signature]:
    """The witness's cosignatures over the checkpoint in `note`, which has `size` entries.

    `old` is the size it is thought to have seen; it may name another, and the proof from there follows. Raises
    NotConfirmed.
    """
    for _ in range(ATTEMPTS):
        answer = _send(way, Submission(old, tuple(prove(old)), note))
        if answer.status == 200:
            return _cosignatures(witness, note, answer.body)
        if answer.status != 409 or not _names_a_size(answer):
            raise _refusal(answer)
        old = _named(answer.body, size, old)
    raise NotConfirmed(NOT_UNDERSTOOD, "the witness names another size each time")


def _send(way: Transport, submission: Submission) -> Answer:
    try:
        return way.once("POST", submissions.PATH, body=submission.text().encode())
    except (OSError, http.client.HTTPException) as error:
        raise NotConfirmed(UNREACHABLE, str(error)) from None
    except UnreachableError as error:
        # There is an answer, longer than any that is expected.
        raise NotConfirmed(NOT_UNDERSTOOD, str(error)) from None


def _cosignatures(witness: Witness, note: str, lines: bytes) -> dict[VerifierKey, Signature]:
    """Those of this witness's keys; lines of others are ignored."""
    try:
        return notes.valid_signatures(note.encode() + lines, witness.keys)
    except VerificationError as error:
        raise NotConfirmed(COSIGNATURE_WRONG, str(error)) from None


def _names_a_size(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").partition(";")[0].strip() == submissions.SIZE_TYPE


def _named(body: bytes, size: int, old: int) -> int:
    """The size the witness has seen, from which the log can go on."""
    try:
        named = submissions.parse_size(body)
    except VerificationError as error:
        raise NotConfirmed(NOT_UNDERSTOOD, str(error)) from None
    if named > size:
        raise NotConfirmed(AHEAD, f"the witness has seen {named} entries, the log has {size}")
    if named == old:
        raise NotConfirmed(CONTRADICTION, f"the witness has seen another log of {named} entries")
    return named


def _refusal(answer: Answer) -> NotConfirmed:
    other = FAILING if answer.status >= 500 else NOT_UNDERSTOOD
    words = f"{answer.status}: {answer.body[:200].decode(errors='replace').strip()}"
    return NotConfirmed(
        _STATUSES.get(answer.status, other), words, after=backoff.named_pause(answer.headers) or 0.0
    )
