"""``manage.py found_organisation``: how an empty installation gets its first organisation, and who may sign in."""

import secrets
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from governance import trail
from governance.commandline import EdgewiseCommand
from governance.errors import DomainError
from governance.organisations import services


class Command(EdgewiseCommand):
    help = "Founds an organisation with its first administrator and prints the password, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="short name of the organisation")
        parser.add_argument("--name", required=True)
        parser.add_argument("--admin", required=True, help="user name of its first administrator")

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(12)
        try:
            self._found(options["slug"], options["name"], options["admin"], password)
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        self.stdout.write(password)

    @trail.act()
    def _found(self, slug: str, name: str, admin: str, password: str) -> None:
        """Both or neither: an organisation without an administrator could be entered by nobody."""
        now = timezone.now()
        organisation = services.found(slug=slug, name=name, at=now)
        services.add_person(
            organisation=organisation, username=admin, password=password, role="admin", by=None, at=now
        )
