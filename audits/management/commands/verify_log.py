"""`manage.py verify_log`: checks logs in the database; exit code 1 if anything does not hold."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from edgewise import proofs
from edgewise.errors import VerificationError

from audits.ledger import selectors, verification
from audits.ledger.models import Log
from governance.commandline import EdgewiseCommand


class Command(EdgewiseCommand):
    """Hashes every entry again and compares it with tiles, head and checkpoints."""

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
            help="a checkpoint or receipt kept elsewhere, which its log must continue",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per log; then exit code 1 if any is bad."""
        remembered = [_note(path) for path in options["checkpoint"]]
        results = [self._verify(log, remembered) for log in _chosen(options["logs"])]
        if not all(results):
            sys.exit(1)

    def _verify(self, log: Log, remembered: list[str]) -> bool:
        try:
            mine = [note for note in remembered if note.startswith(f"{log.origin}\n")]
            found = verification.verify(log=log, remembered=mine)
        except VerificationError as error:
            where = "" if error.index is None else f" (first bad index: {error.index})"
            self.stdout.write(f"BAD   {log.origin}: {error}{where}")
            return False
        sealed = f"{found.checkpoints} checkpoints"
        self.stdout.write(f"good  {log.origin}: {found.size} entries, {sealed}, root {found.root.hex()}")
        return True


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


def _note(path: Path) -> str:
    """The signed checkpoint in a file, which may be a receipt."""
    text = path.read_text(encoding="utf-8")
    return proofs.parse(text).checkpoint if text.startswith(proofs.HEADER) else text
