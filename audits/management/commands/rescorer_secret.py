"""Prints the secret that signs requests to an independent scorer."""

import base64
from typing import Any

from django.core.management.base import CommandParser

from audits.rescoring import routes, scorer_client
from governance.commandline import EdgewiseCommand


class Command(EdgewiseCommand):
    """`manage.py rescorer_secret NAME`: to be given to whoever runs that scorer."""

    help = "Print the secret with which requests to the scorer NAME are signed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        routes.target(name)
        self.stdout.write(f"whsec_{base64.b64encode(scorer_client.secret(name)).decode()}")
