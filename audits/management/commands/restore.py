"""`manage.py restore DIR`: a backup into an empty database and home; what was erased since is erased again."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from audits.protection import restoring
from governance.access.keyring import KeyUnavailable
from governance.commandline import EdgewiseCommand

BEHIND = (
    "These logs will not be signed until the database reaches its last transaction: going on from here would be a "
    "second history. See docs/operations.md, “A restored database is older”."
)


class Command(EdgewiseCommand):
    """Nothing else of this home starts until the restore has come to its end."""

    help = "Restore a backup into an empty database and home."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where from, and the erasure list."""
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--erasures", type=Path, default=None, help="the erasure list; default: this home's"
        )
        parser.add_argument("--no-erasures", action="store_true", help="nothing was erased since the backup")

    def handle(self, *args: Any, **options: Any) -> None:
        """A line for each step; exit code 1 if it did not come to its end."""
        listed = options["erasures"] or Path(settings.EDGEWISE_ERASURE_LIST)
        try:
            done = restoring.restore(
                folder=options["folder"].resolve(),
                erasures=None if options["no_erasures"] else listed,
                at=timezone.now(),
                say=self.stdout.write,
            )
        except KeyUnavailable as error:
            raise CommandError(str(error)) from error
        for line in done.behind:
            self.stdout.write(f"BEHIND  {line}")
        if done.behind:
            self.stdout.write(BEHIND)
        self.stdout.write("The restore is complete.")
