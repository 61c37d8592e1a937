"""``manage.py register_system``: what ``/systems/new/`` does."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from governance.commandline import EdgewiseCommand
from governance.organisations.models import Organisation
from governance.systems import services
from governance.systems.models import AISystem


class Command(EdgewiseCommand):
    help = "Registers an AI system in an organisation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="short name of the organisation")
        parser.add_argument("slug", help="short name of the system")
        parser.add_argument("--name", required=True)
        parser.add_argument("--purpose", required=True, help="what the system is intended for")
        parser.add_argument("--position", choices=AISystem.Position.values, default="deployer")
        parser.add_argument("--risk-class", choices=AISystem.Risk.values, required=True)
        parser.add_argument("--risk-reasoning", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        names = ("slug", "name", "purpose", "position", "risk_class", "risk_reasoning")
        terms = {name: options[name] for name in names}
        system = services.register(organisation=organisation, by=None, at=timezone.now(), **terms)
        self.stdout.write(f"{system.name} is registered as {organisation.slug}/{system.slug}.")
