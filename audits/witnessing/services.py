"""Being a witness for logs of other deployments (C2SP tlog-witness).

A witness signs that a checkpoint continues the largest tree it has seen of that log, and remembers that tree before it
answers. What it does stands in its own table and not in a log of this deployment: each checkpoint of another deployment
would otherwise make this one's log grow, and two deployments that witness each other would never come to rest.
"""

import datetime as dt
import functools
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from edgewise import checkpoints, merkle, notes, signing, submissions, trust
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.notes import VerifierKey
from edgewise.submissions import Submission

from audits.ledger import keys
from audits.witnessing.models import WitnessedLog
from governance.errors import DomainError


class Malformed(DomainError):
    """The request is not what the specification asks for; the sentence says what and where."""

    code = "submission_malformed"
    status = 400


class LogUnknown(DomainError):
    code = "log_unknown"
    status = 404


class NotSignedByLog(DomainError):
    code = "log_did_not_sign"
    status = 403


class OtherSize(DomainError):
    """The witness has seen another size than the submission starts from, or another tree of the same size."""

    code = "witness_is_at_another_size"
    status = 409

    def __init__(self, size: int) -> None:
        super().__init__(_("This witness has seen %d entries of the log.") % size)
        self.size = size


class NotContinued(DomainError):
    """The proof does not show that the checkpoint continues what the witness has seen."""

    code = "not_continued"
    status = 422


def name() -> str:
    """The name under which this deployment cosigns."""
    return f"{settings.EDGEWISE_ORIGIN}/witness"


@functools.lru_cache(maxsize=8)
def signers(named: str) -> tuple[notes.NoteSigner, ...]:
    """An Ed25519 cosigner, and an ML-DSA-44 one beside it, with keys that no log has."""
    return (
        notes.NoteSigner(named, keys.derive("witness", "ed25519"), signing.ED25519_COSIGNATURE),
        notes.NoteSigner(named, keys.derive("witness", "ml-dsa-44"), signing.ML_DSA_44_COSIGNATURE),
    )


def witnessed_keys(origin: str) -> list[VerifierKey]:
    """The keys that the operator accepts for a log; none if this witness does not know it."""
    return [key for key in _listed(settings.EDGEWISE_WITNESSED_LOGS) if key.name == origin]


@functools.lru_cache(maxsize=8)
def _listed(path: Path) -> tuple[VerifierKey, ...]:
    """The logs in the operator's file, read once: a tlog-policy."""
    return tuple(trust.parse(path.read_bytes()).logs) if path.exists() else ()


def add_checkpoint(*, body: bytes, at: dt.datetime) -> str:
    """Cosigns a submitted checkpoint; returns the signature lines. Raises the refusals above, one for each status.

    The order of the checks is that of the specification. Whoever comes second with the same old size waits for the
    row and then finds the size changed, so that two submissions at once never both continue one tree.
    """
    submission, checkpoint = _read(body)
    accepted = witnessed_keys(checkpoint.origin)
    if not accepted:
        raise LogUnknown(_("This witness does not know the log %s.") % checkpoint.origin)
    try:
        notes.open_checkpoint(submission.checkpoint, accepted)
    except VerificationError as error:
        raise NotSignedByLog(str(error)) from None
    if submission.old > checkpoint.size:
        raise Malformed(
            _("The old size %(old)d is larger than the checkpoint's, %(new)d.")
            % {"old": submission.old, "new": checkpoint.size}
        )
    _remember(submission, checkpoint, at)
    seconds = int(at.timestamp())
    return "".join(signer.line(checkpoint.text(), seconds) for signer in signers(name()))


def _read(body: bytes) -> tuple[Submission, Checkpoint]:
    try:
        submission = submissions.parse(body)
        text, _signatures = notes.split(submission.checkpoint)
        return submission, checkpoints.parse(text)
    except VerificationError as error:
        raise Malformed(str(error)) from None


@transaction.atomic
def _remember(submission: Submission, checkpoint: Checkpoint, at: dt.datetime) -> None:
    """Compares with what was seen last and stores, as one step."""
    start = WitnessedLog(origin=checkpoint.origin, size=0, root=merkle.EMPTY_ROOT, cosigned_at=at)
    WitnessedLog.objects.bulk_create([start], ignore_conflicts=True)
    seen = WitnessedLog.objects.select_for_update().get(origin=checkpoint.origin)
    root = bytes(seen.root)
    if submission.old != seen.size or (checkpoint.size == seen.size and checkpoint.root != root):
        raise OtherSize(seen.size)
    _check_continues(seen.size, root, checkpoint, submission.proof)
    if checkpoint.size > seen.size:
        WitnessedLog.objects.filter(origin=checkpoint.origin).update(
            size=checkpoint.size, root=checkpoint.root, note=submission.checkpoint, cosigned_at=at
        )


def _check_continues(size: int, root: bytes, checkpoint: Checkpoint, proof: Sequence[bytes]) -> None:
    try:
        merkle.verify_consistency(size, checkpoint.size, root, checkpoint.root, proof)
    except VerificationError as error:
        raise NotContinued(str(error)) from None
