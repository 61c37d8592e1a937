"""Publishing: signs each log's state within a second of its growing.

A thread of every web process looks for logs that have grown since their latest checkpoint. Signers take turns on the
log's row in `Published` and sign only what continues the latest checkpoint, so that no two checkpoints of a log
contradict each other, however many processes sign.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator, Sequence

from django.db import (
    DatabaseError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import F, Q, QuerySet
from edgewise import checkpoints, merkle, notes, tiles
from edgewise.errors import VerificationError
from prometheus_client.core import GaugeMetricFamily

from audits.ledger import keys, landmarks, selectors, silent_sessions
from audits.ledger.models import Checkpoint, Head, Log, Published
from governance.access import outages

EVERY_SECONDS = 0.5
# Checkpoints are kept for ever: however many processes look for logs that have grown, they sign one log no more often
# than one of them would alone. A little less than a round, so that whoever signed last is never too early; should that
# one die, another signs within the second all the same (ADR 0026).
APART = dt.timedelta(seconds=0.4)
AT_ONCE = dt.timedelta(0)
PAUSE_AFTER_ERROR = 2.0
LOOK_SECONDS = 2.0

logger = logging.getLogger(__name__)
_starting = threading.Lock()
_stopping = threading.Event()
_thread: threading.Thread | None = None


class HistoryRewritten(Exception):
    """The log no longer continues its latest checkpoint: it is not signed again. `verify_log` says where."""


class OlderThanPublished(Exception):
    """The database is older than what was published of the log, as after a restore: signing on would be a fork."""


class RowMissing(Exception):
    """A row that every log has is gone: behind the ledger's back, or by half a restore."""


class SignedByAnother(Exception):
    """The latest checkpoint carries no signature by a key of this process: another deployment signs this log."""


def start() -> None:
    """Starts the signing thread of this process; a second call does nothing."""
    global _thread  # noqa: PLW0603  (one thread a process)
    with _starting:
        if _thread is None:
            _stopping.clear()
            _thread = threading.Thread(target=_run, name="edgewise-signer", daemon=True)
            _thread.start()


def stop() -> None:
    """Ends the thread, after the round it is in."""
    global _thread  # noqa: PLW0603
    with _starting:
        if _thread is not None:
            _stopping.set()
            _thread.join()
            _thread = None


def _run() -> None:
    pause = looked = 0.0
    while not _stopping.wait(pause):
        look = time.monotonic() - looked > LOOK_SECONDS
        looked = time.monotonic() if look else looked
        pause = _round(look=look)
    connection.close()


def _round(*, look: bool = False) -> float:
    """Publishes what has grown, and may look for who holds others up; the seconds to wait before the next round."""
    try:
        close_old_connections()
        silent_sessions.limit_mine()
        publish_all(at=selectors.now(), apart=APART)
        if look and (ended := silent_sessions.end_silent()):
            logger.warning("Ended %d sessions that held others up and said nothing.", ended)
    except DatabaseError:
        logger.exception("Signing waits for the database.")
        connection.close()
        return PAUSE_AFTER_ERROR
    except Exception:
        # Nothing starts this thread again.
        logger.critical("A round of signing failed; the next one follows.", exc_info=True)
        return PAUSE_AFTER_ERROR
    return EVERY_SECONDS


def publish_all(*, at: dt.datetime, apart: dt.timedelta = AT_ONCE) -> int:
    """Publishes a checkpoint of every log that has grown and was not signed within `apart`; returns how many.

    Whatever is wrong with one log, the others are signed all the same; only a database that is away ends the round.
    """
    return sum(_published(log, at=at, apart=apart) for log in unsigned())


def unsigned() -> QuerySet[Log]:
    """Logs that have grown since their latest checkpoint, and those that lack a row without which none is signed."""
    never = Q(published__size__isnull=True) | Q(head__isnull=True)
    return Log.objects.filter(never | Q(published__size__lt=F("head__size"))).order_by("pk")


def _published(log: Log, *, at: dt.datetime, apart: dt.timedelta) -> bool:
    try:
        return publish(log=log, at=at, apart=apart) is not None
    except HistoryRewritten:
        logger.critical("The log %s does not continue its latest checkpoint: not signed.", log.origin)
    except (OlderThanPublished, SignedByAnother, RowMissing, landmarks.LandmarkDamaged) as error:
        logger.critical("Not signed: %s", error)
    except Exception as error:
        if isinstance(error, DatabaseError) and outages.of(error) is not None:
            raise
        logger.critical(
            "Not signed: the log %s. `manage.py verify_log` may say why.", log.origin, exc_info=True
        )
    return False


def metrics() -> Iterator[GaugeMetricFamily]:
    """How many logs wait for a signature: for a second while they grow, for ever when one cannot be signed."""
    yield GaugeMetricFamily(
        "edgewise_logs_unsigned",
        "Logs that have grown since their latest checkpoint",
        value=unsigned().count(),
    )


@transaction.atomic
def publish(*, log: Log, at: dt.datetime, apart: dt.timedelta = AT_ONCE) -> Checkpoint | None:
    """Signs the committed state of a log; None if it is published already, another signer is at it or was within
    `apart`.
    """
    turn = Published.objects.select_for_update(skip_locked=True).filter(log=log).first()
    if turn is None:
        _check_taken(log)
        return None
    head = Head.objects.filter(log=log).first()
    if head is None:
        raise RowMissing(f"the log {log.origin} has no head: restore the database.")
    if turn.size is not None and head.size <= turn.size:
        return None
    root = merkle.Frontier.from_bytes(bytes(head.edge)).root()
    if turn.size is not None:
        latest = _latest(log, turn.size)
        if abs(at - latest.signed_at) < apart:
            return None
        _check_own(log, latest.note)
        if turn.size:
            _check_continues(log, turn.size, bytes(latest.root), head.size, root)
    _check_landmark(log, turn.size, head.size, root)
    text = checkpoints.Checkpoint(log.origin, head.size, root).text()
    note = notes.sign(text, keys.signers(log.origin), at=int(at.timestamp()))
    checkpoint = Checkpoint.objects.create(log=log, size=head.size, root=root, note=note, signed_at=at)
    Published.objects.filter(log=log).update(size=head.size)
    transaction.on_commit(lambda: landmarks.keep(log.origin, note), robust=True)
    return checkpoint


def _check_taken(log: Log) -> None:
    """Another signer is at it; unless there is nothing to take a turn on, which must not stay silent."""
    if not Published.objects.filter(log=log).exists():
        raise RowMissing(f"what is published of the log {log.origin} is not noted: restore the database.")


def _latest(log: Log, size: int) -> Checkpoint:
    found = Checkpoint.objects.filter(log=log, size=size).first()
    if found is None:
        raise RowMissing(
            f"the log {log.origin} lacks its published checkpoint of size {size}: restore the database."
        )
    return found


def _check_own(log: Log, note: str) -> None:
    """Refuses to go on where a key signs that is not here: two deployments on one database would both sign."""
    signed_by = {(each.name, each.key_id) for each in notes.split(note)[1]}
    if not any((each.key.name, each.key.id) in signed_by for each in keys.signers(log.origin)):
        raise SignedByAnother(
            f"the log {log.origin} is signed by another log key than the one of this process. "
            "Give every process of one database the same keys/log, or this deployment a database of its own."
        )


def _check_landmark(log: Log, published: int | None, new: int, root: bytes) -> None:
    """Proves that the state to be signed continues what was published, even if the database has forgotten it."""
    known = landmarks.of(log.origin)
    if known is None or not known.size or known.size == published:
        return
    place = landmarks.path_of(log.origin)
    remedy = (
        f"restore the database to its last transaction; docs/operations.md tells what else there is ({place})"
    )
    if known.size > new:
        raise OlderThanPublished(
            f"the log {log.origin} has {new} entries, but {known.size} were published: {remedy}."
        )
    try:
        _check_continues(log, known.size, known.root, new, root)
    except HistoryRewritten:
        raise OlderThanPublished(
            f"the log {log.origin} does not continue the {known.size} entries that were published: {remedy}."
        ) from None


def _check_continues(log: Log, old: int, before: bytes, new: int, root: bytes) -> None:
    """Proves from the tiles that the state to be signed continues the state `old` with the root `before`."""
    try:
        proof = merkle.consistency_proof(old, new, tiles.TileReader(new, selectors.tile_fetcher(log)))
        merkle.verify_consistency(old, new, before, root, proof)
    except (VerificationError, selectors.NotInLog, selectors.Damaged) as error:
        raise HistoryRewritten(log.origin) from error


def is_signed_by(note: str, vkeys: Sequence[str]) -> bool:
    """Whether a checkpoint carries a valid signature by one of these keys."""
    try:
        notes.open_checkpoint(note, vkeys)
    except VerificationError:
        return False
    return True
