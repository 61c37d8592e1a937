"""``manage.py create_api_key``: what ``/systems/<slug>/keys/`` does."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from governance.access import services
from governance.commandline import EdgewiseCommand
from governance.systems import selectors


class Command(EdgewiseCommand):
    help = "Creates an API key of a system and prints its secret, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="short name of the organisation")
        parser.add_argument("system", help="short name of the system")
        parser.add_argument("--label", default="command line")
        parser.add_argument("--scope", action="append", choices=services.SCOPES, help="default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        system = selectors.by_log_path(organisation_slug=options["organisation"], slug=options["system"])
        if system is None:
            raise CommandError(f"There is no system {options['organisation']}/{options['system']}.")
        scopes = tuple(options["scope"] or services.SCOPES)
        _key, secret = services.create_api_key(
            system=system, label=options["label"], scopes=scopes, by=None, at=timezone.now()
        )
        self.stdout.write(secret)
