"""What every `manage.py` command of Edgewise begins with."""

from django.core.management.base import BaseCommand

from governance.starting import TAG


class EdgewiseCommand(BaseCommand):
    """Starts after Edgewise's own checks. Django's others load every page first, and are asked by `manage.py check`."""

    requires_system_checks = [TAG]
