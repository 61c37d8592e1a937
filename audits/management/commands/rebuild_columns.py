"""Building the columns of a system's decisions again from its log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from audits.decisions import renewing
from governance.commandline import EdgewiseCommand
from governance.systems.models import AISystem


class Command(EdgewiseCommand):
    help = (
        "Build the columns behind replays, indices and reports again from the log; what was assessed stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--system", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        found = AISystem.objects.filter(slug=options["system"], organisation__slug=options["organisation"])
        system = found.select_related("organisation").first()
        if system is None:
            raise CommandError("There is no such system in that organisation.")
        self.stdout.write(f"{renewing.rebuild(system=system)} segments built again from the log.")
