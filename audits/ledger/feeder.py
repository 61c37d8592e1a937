"""Feeding: has each new checkpoint confirmed by the outside witnesses, and keeps their cosignatures.

Each web process runs one thread for each witness; of the threads for one witness, in whatever process, the one that
holds its lock in the database works and the others wait to take over. Nothing waits for a witness: signing and ingest
know nothing of these threads, and a slow witness delays no other. Cosignatures are no events of the trail: an entry for
each would make the log grow, be sealed and be cosigned again, for ever.
"""

import datetime as dt
import hashlib
import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence

from django.db import (
    DatabaseError,
    close_old_connections,
    connection,
    transaction,
)
from django.utils import timezone
from edgewise import merkle, tiles
from edgewise.errors import VerificationError
from edgewise.notes import Signature, VerifierKey
from edgewise.transport import Transport

from audits.ledger import confirmation, selectors, witness_client, witnesses
from audits.ledger.models import Checkpoint, Contact, Cosignature, Log
from audits.ledger.witnesses import Witness
from governance.access import outages

EVERY_SECONDS = 0.25
FOLLOWER_SECONDS = 5.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LOCKS = 0x45575754

logger = logging.getLogger(__name__)
_starting = threading.Lock()
_stopping = threading.Event()
_threads: list[threading.Thread] = []


def start() -> None:
    """Starts this process's threads, one for each witness listed; a second call does nothing."""
    with _starting:
        if _threads:
            return
        _stopping.clear()
        for witness in witnesses.listed():
            name = f"edgewise-feeder {witness.name}"
            _threads.append(threading.Thread(target=_Feed(witness).run, name=name, daemon=True))
        for thread in _threads:
            thread.start()


def stop() -> None:
    """Ends the threads, each after what it is at."""
    with _starting:
        _stopping.set()
        for thread in _threads:
            thread.join()
        _threads.clear()


class _Feed:
    """One witness's thread. A log that the witness refuses is asked about less and less often, and delays no other."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._way = witness_client.transport(witness)
        self._locked: object = None
        self._pause = FIRST_PAUSE
        self._refused: dict[int, tuple[float, float]] = {}

    def run(self) -> None:
        wait = 0.0
        while not _stopping.wait(wait):
            wait = self.round()
        connection.close()
        self._way.close()

    def round(self) -> float:
        """Asks for what waits, if it is this thread's turn; the seconds to wait before the next round."""
        try:
            close_old_connections()
            if not self._has_turn():
                connection.close()
                return FOLLOWER_SECONDS
            return self._feed()
        except DatabaseError:
            logger.exception("The confirmations by %s wait for the database.", self._witness.name)
            connection.close()
            return self._later()
        except Exception:
            # Nothing starts this thread again.
            logger.critical("A round of confirmations by %s failed.", self._witness.name, exc_info=True)
            return self._later()

    def _has_turn(self) -> bool:
        """Whether this connection holds the witness's lock, which it keeps until it closes."""
        if self._locked is None or self._locked is not connection.connection:
            number = int.from_bytes(
                hashlib.sha256(self._witness.url.encode()).digest()[:4], "big", signed=True
            )
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, number])
                (taken,) = cursor.fetchone()
            self._locked = connection.connection if taken else None
        return self._locked is not None

    def _feed(self) -> float:
        """Asks about the logs that are due, those first that were never refused; what the witness as a whole cannot
        answer now ends the round, and the next one begins with other logs.
        """
        for checkpoint in sorted(confirmation.waiting(witness=self._witness), key=self._due):
            if _stopping.is_set() or time.monotonic() < self._due(checkpoint):
                break
            refusal = feed(witness=self._witness, way=self._way, checkpoint=checkpoint, at=timezone.now())
            self._note(checkpoint, refusal)
            if refusal and refusal.problem in witness_client.OF_THE_WITNESS:
                return self._later()
            self._pause = FIRST_PAUSE
        return EVERY_SECONDS

    def _due(self, checkpoint: Checkpoint) -> float:
        """When the checkpoint's log may be asked about, on the clock of `time.monotonic`."""
        return self._refused.get(checkpoint.log_id, (0.0, FIRST_PAUSE))[0]

    def _note(self, checkpoint: Checkpoint, refusal: witness_client.NotConfirmed | None) -> None:
        """A log that was refused waits for as long as the witness asks for, and longer each time."""
        _due, pause = self._refused.pop(checkpoint.log_id, (0.0, FIRST_PAUSE))
        if refusal:
            due = time.monotonic() + max(pause, refusal.after)
            self._refused[checkpoint.log_id] = (due, min(2 * pause, LONGEST_PAUSE))

    def _later(self) -> float:
        """A pause that grows with each failure in a row, jittered."""
        wait, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311  (spreads load, hides nothing)


def feed(
    *, witness: Witness, way: Transport, checkpoint: Checkpoint, at: dt.datetime
) -> witness_client.NotConfirmed | None:
    """Asks for the confirmation of one checkpoint and keeps the outcome; what stood in the way, or nothing.

    Whatever is wrong with its log, those after it are asked about; only a database that is away ends the round.
    """
    log = checkpoint.log
    reader = tiles.TileReader(checkpoint.size, selectors.tile_fetcher(log))

    def prove(old: int) -> Sequence[bytes]:
        return merkle.consistency_proof(old, checkpoint.size, reader)

    old = confirmation.confirmed_size(log=log, witness=witness) or 0
    try:
        found = witness_client.confirm(
            witness, way, note=checkpoint.note, size=checkpoint.size, old=old, prove=prove
        )
    except witness_client.NotConfirmed as error:
        _tell(witness, log, error)
        _keep_contact(log, witness, error.problem, at)
        return error
    except (VerificationError, selectors.NotInLog, selectors.Damaged):
        logger.critical("The log %s cannot prove its own past: see verify_log.", log.origin)
        return witness_client.NotConfirmed(witness_client.LOG_DAMAGED)
    except Exception as error:
        if isinstance(error, DatabaseError) and outages.of(error) is not None:
            raise
        logger.critical("The log %s could not be asked about: see verify_log.", log.origin, exc_info=True)
        return witness_client.NotConfirmed(witness_client.LOG_DAMAGED)
    keep(checkpoint=checkpoint, witness=witness, found=found, at=at)
    return None


@transaction.atomic
def keep(
    *,
    checkpoint: Checkpoint,
    witness: Witness,
    found: Mapping[VerifierKey, Signature],
    at: dt.datetime,
) -> None:
    """Stores the cosignatures of a witness over a checkpoint."""
    Cosignature.objects.bulk_create(
        [
            Cosignature(
                log_id=checkpoint.log_id,
                size=checkpoint.size,
                key=witnesses.key_name(key),
                line=signature.line(),
                cosigned_at=at,
            )
            for key, signature in found.items()
        ],
        ignore_conflicts=True,
    )
    _keep_contact(checkpoint.log, witness, "", at)


def _keep_contact(log: Log, witness: Witness, problem: str, at: dt.datetime) -> None:
    Contact.objects.bulk_create(
        [Contact(log=log, witness=witness.url, problem=problem, at=at)],
        update_conflicts=True,
        unique_fields=["log", "witness"],
        update_fields=["problem", "at"],
    )


def _tell(witness: Witness, log: Log, error: witness_client.NotConfirmed) -> None:
    """An alarm for a contradiction, else a warning; the first time only, the page says it all the time."""
    known = Contact.objects.filter(log=log, witness=witness.url, problem=error.problem).exists()
    level = logging.CRITICAL if error.problem in witness_client.ALARMING else logging.WARNING
    if not known:
        logger.log(level, "%s does not confirm %s: %s (%s)", witness.name, log.origin, error.problem, error)
