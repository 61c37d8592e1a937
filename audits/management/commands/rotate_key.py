"""`manage.py rotate_key NAME`: takes up a new key; with --finish, puts the old one away."""

import argparse
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from audits.ledger import rewrapping, rotation
from governance.access.keyring import KeyUnavailable
from governance.commandline import EdgewiseCommand
from governance.policies import rotation as policy_rotation

# One module for each kind of key, with `begin` and `finish`; each gives a line for what it did.
KINDS = {"deployment": rewrapping, "log": rotation, "policy": policy_rotation}


class Command(EdgewiseCommand):
    """Two steps, with as much time between them as everybody needs who relies on the key."""

    help = "Take up a new key beside the old one, or finish by putting the old one away."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which key, which step."""
        parser.add_argument("name", choices=sorted(KINDS))
        parser.add_argument("--finish", action="store_true", help="put the old key away")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each thing that was done."""
        step = KINDS[options["name"]].finish if options["finish"] else KINDS[options["name"]].begin
        try:
            done = step(at=timezone.now())
        except KeyUnavailable as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(done))
