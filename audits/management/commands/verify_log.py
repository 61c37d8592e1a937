"""`manage.py verify_log`: checks logs in the database; exit code 1 if anything does not hold."""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError
from edgewise import checkpoints, notes, proofs
from edgewise.errors import VerificationError
from edgewise.proofs import Receipt

from audits.decisions.comparing import Decisions
from audits.ledger import landmarks, selectors, verification
from audits.ledger.comparing import Events
from audits.ledger.models import Log
from governance.commandline import EdgewiseCommand

GONE = "the log is not in the database any more, but a checkpoint of it was published: %s"


class Command(EdgewiseCommand):
    """Hashes every entry again and compares it with tiles, head and checkpoints, and with the log's landmark."""

    help = "Check every log, or those named, from the first entry to the last."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which logs, and what is remembered of them."""
        parser.add_argument(
            "logs",
            nargs="*",
            metavar="ORGANISATION/SYSTEM",
            help="all logs if none is named; _org is the organisation's own",
        )
        parser.add_argument(
            "--checkpoint",
            action="append",
            type=Path,
            default=[],
            help="a checkpoint or receipt kept elsewhere, which its log must continue; a receipt's entry must be in it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per log; then exit code 1 if any is bad."""
        logs = _chosen(options["logs"])
        kept = _kept(options["checkpoint"], {log.origin for log in logs})
        results = [self._verify(log, kept[log.origin]) for log in logs]
        if not options["logs"]:
            results += [self._bad(origin, GONE, landmarks.path_of(origin)) for origin in _gone()]
        if not all(results):
            sys.exit(1)

    def _verify(self, log: Log, kept: "_Kept") -> bool:
        """A log that damage makes unreadable is bad as well: those after it are checked all the same."""
        try:
            landmark = landmarks.note_of(log.origin)
            remembered = kept.notes if landmark is None else [*kept.notes, landmark]
            found = verification.verify(
                log=log, remembered=remembered, receipts=kept.receipts, beside=_beside(log)
            )
        except VerificationError as error:
            where = "" if error.index is None else f" (first bad index: {error.index})"
            return self._bad(log.origin, "%s%s", error, where)
        except landmarks.LandmarkDamaged as error:
            return self._bad(log.origin, "its landmark cannot be read: %s", error)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  (whatever damage leads to, it is told)
            return self._bad(log.origin, "it cannot be read: %s: %s", type(error).__name__, error)
        sealed = f"{found.checkpoints} checkpoints"
        self.stdout.write(f"good  {log.origin}: {found.size} entries, {sealed}, root {found.root.hex()}")
        return True

    def _bad(self, origin: str, message: str, *facts: object) -> bool:
        self.stdout.write(f"BAD   {origin}: {message % facts}")
        return False


def _beside(log: Log) -> list[verification.Beside]:
    """The rows that repeat what the log's entries say."""
    decisions = [Decisions(log.system)] if log.system else []
    return [Events(log), *decisions]


def _gone() -> list[str]:
    """Logs that were published from here and are not in the database any more."""
    return sorted(set(landmarks.origins()) - set(Log.objects.values_list("origin", flat=True)))


def _chosen(names: list[str]) -> list[Log]:
    if not names:
        return list(Log.objects.select_related("organisation", "system").order_by("pk"))
    found = []
    for name in names:
        organisation, _slash, slug = name.partition("/")
        log = selectors.by_path(organisation_slug=organisation, slug=slug)
        if log is None:
            raise CommandError(f"There is no log {name}; write ORGANISATION/SYSTEM or ORGANISATION/_org.")
        found.append(log)
    return found


@dataclass(frozen=True)
class _Kept:
    """What the files hold of one log: signed checkpoints alone, and those with the proof of an entry."""

    notes: list[str] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    def add(self, found: str | Receipt) -> None:
        if isinstance(found, Receipt):
            self.receipts.append(found)
        else:
            self.notes.append(found)


def _kept(paths: list[Path], origins: set[str]) -> dict[str, _Kept]:
    """What these files hold, by log. A checkpoint that would be compared with nothing is refused."""
    kept = {origin: _Kept() for origin in origins}
    for path in paths:
        found, origin = _read(path)
        if origin not in kept:
            raise CommandError(
                f"{path} is a checkpoint of {origin}, which is none of the logs checked here. "
                "Name its log (or none, for all of them), or give the checkpoint to the deployment that has it."
            )
        kept[origin].add(found)
    return kept


def _read(path: Path) -> tuple[str | Receipt, str]:
    """The signed checkpoint or the receipt in a file, and the log that it says it is of."""
    try:
        text = path.read_text(encoding="utf-8")
        found: str | Receipt = proofs.parse(text) if text.startswith(proofs.HEADER) else text
        note = found.checkpoint if isinstance(found, Receipt) else found
        return found, checkpoints.parse(notes.split(note)[0]).origin
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}): give the checkpoint's file.") from None
    except (UnicodeDecodeError, VerificationError) as error:
        raise CommandError(
            f"{path} is no signed checkpoint and no receipt ({error}): give the file as the log served it."
        ) from None
