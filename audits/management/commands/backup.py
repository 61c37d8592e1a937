"""`manage.py backup DIR`: database, keys, documents and a manifest in one folder, while everything runs."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from audits.protection import backing_up
from governance.commandline import EdgewiseCommand

ADVICE = (
    "keys/ opens everything in this backup: move it to another place than the rest. "
    "The erasure list is not in it, and must not be: keep it apart, current, and give it to `restore`."
)


class Command(EdgewiseCommand):
    """Reads one snapshot as the owner's role."""

    help = "Write a backup of database, keys and documents into a new folder."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where to, and whether the keys come along."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--without-keys", action="store_true", help="keys are backed up elsewhere")
        parser.add_argument(
            "--complete-list",
            action="store_true",
            help="first add to the erasure list what this database erased and the list lacks",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each log, then the advice."""
        if options["complete_list"]:
            added = backing_up.complete_list()
            self.stdout.write(f"{settings.EDGEWISE_ERASURE_LIST}: {added} erasures added")
        made = backing_up.make(
            folder=options["folder"].resolve(), with_keys=not options["without_keys"], at=timezone.now()
        )
        for log in made.logs:
            self.stdout.write(f"{log.origin}: {log.size} entries")
        for name in made.absent:
            self.stdout.write(f"not there, erased meanwhile or lost: {name}")
        self.stdout.write(f"{options['folder']}: {len(made.files)} files. {ADVICE}")
