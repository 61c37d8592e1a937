"""Prints the secret that signs requests to an independent scorer."""

import base64
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audits.rescoring import routes, scorer_client
from governance.commandline import EdgewiseCommand
from governance.errors import DomainError


class Command(EdgewiseCommand):
    """`manage.py rescorer_secret NAME`: to be given to whoever runs that scorer."""

    help = "Print the secret with which requests to the scorer NAME are signed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        try:
            routes.target(name)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"whsec_{base64.b64encode(scorer_client.secret(name)).decode()}")
