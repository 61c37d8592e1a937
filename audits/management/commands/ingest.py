"""Logging decision records from a file."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from audits.decisions import services
from governance.commandline import EdgewiseCommand
from governance.systems.models import AISystem

GROUP = 500


class Command(EdgewiseCommand):
    help = "Log the records of an NDJSON file, as POST /api/v1/decisions would; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="one record a line")
        parser.add_argument("--organisation", required=True, help="short name of the organisation")
        parser.add_argument("--system", required=True, help="short name of the AI system")

    def handle(self, *args: Any, **options: Any) -> None:
        found = AISystem.objects.filter(slug=options["system"], organisation__slug=options["organisation"])
        system = found.select_related("organisation").first()
        if system is None:
            raise CommandError("There is no such system in that organisation.")
        counts: Counter[str] = Counter()
        with options["file"].open("rb") as file:
            lines = (line.strip() for line in file if line.strip())
            for number, group in enumerate(_grouped(lines)):
                self._log(system, group, 1 + number * GROUP, counts)
        told = ", ".join(f"{counts[status]} {status}" for status in ("logged", "duplicate", "rejected"))
        self.stdout.write(told)
        if counts["rejected"]:
            raise CommandError(f"{counts['rejected']} records were rejected; the reasons stand above.")

    def _log(self, system: AISystem, group: list[bytes], first: int, counts: Counter[str]) -> None:
        outcomes = services.log(system=system, records=group, at=timezone.now())
        for line, outcome in enumerate(outcomes, first):
            counts[outcome.status] += 1
            if outcome.problem is not None:
                problem = outcome.problem
                self.stderr.write(
                    f"record {line}: {problem.code} at {problem.pointer or '/'}: {problem.detail}"
                )


def _grouped(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while group := list(islice(lines, GROUP)):
        yield group
