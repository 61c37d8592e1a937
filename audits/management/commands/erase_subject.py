"""`manage.py erase_subject ORGANISATION`: erases data subjects named on standard input or in a file, one a line.

Never on the command line: others can read that, and shells remember it.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from audits.protection import erasing
from audits.protection.models import Erasure
from governance.commandline import EdgewiseCommand
from governance.errors import DomainError
from governance.organisations.models import Organisation


class Command(EdgewiseCommand):
    """Asks for each erasure and executes it at once; what a legal hold keeps waits for it."""

    help = "Erase data subjects, whose references are read from standard input or a file."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose subjects, and where the references are."""
        parser.add_argument("organisation", help="short name of the organisation")
        parser.add_argument("--from", dest="file", type=Path, help="a file of references, one a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """A line for each erasure, by its number; exit code 1 if one was refused."""
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        text = options["file"].read_text(encoding="utf-8") if options["file"] else sys.stdin.read()
        references = [line for line in text.splitlines() if line.strip()]
        if not references:
            raise CommandError("Give the references on standard input or with --from, one a line.")
        refused = sum(
            not self._erase(organisation, reference, line) for line, reference in enumerate(references, 1)
        )
        if refused:
            raise CommandError(f"{refused} of {len(references)} were refused; the reasons stand above.")

    def _erase(self, organisation: Organisation, reference: str, line: int) -> bool:
        """Whether it was taken; a refusal names the line, not the reference."""
        try:
            erasure = erasing.request(
                organisation=organisation, reference=reference, by=None, at=timezone.now()
            )
        except DomainError as refusal:
            self.stderr.write(f"line {line}: {refusal.code}: {refusal.detail}")
            return False
        if erasure.state == Erasure.State.HELD:
            self.stdout.write(f"erasure {erasure.pk}: waits for a legal hold")
            return True
        done = erasing.execute(erasure=erasure, at=timezone.now())
        told = f"{done.records} records" if done.state == Erasure.State.EXECUTED else done.get_state_display()
        self.stdout.write(f"erasure {done.pk}: {told}")
        return True
