"""What every `manage.py` command of Edgewise begins with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.errors import DomainError
from governance.starting import TAG


class EdgewiseCommand(BaseCommand):
    """Starts after Edgewise's own checks. Django's others load every page first, and are asked by `manage.py check`."""

    requires_system_checks = [TAG]

    def execute(self, *args: Any, **options: Any) -> str | None:
        """A refusal ends the command with exit code 1, its stable code and its sentence (docs/codes.md)."""
        try:
            return super().execute(*args, **options)
        except DomainError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.detail}") from refusal
