"""`manage.py export_log`: writes logs as static files that verify by themselves."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from audits.ledger import export, pages, selectors, signer
from audits.ledger.models import Log
from governance.commandline import EdgewiseCommand
from governance.errors import DomainError


class Command(EdgewiseCommand):
    """Writes FOLDER/ORGANISATION/SYSTEM/… for each log."""

    help = "Write every log, or the one named, as static files: checkpoint, tiles, entries, policy."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where to, and which log."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--log", metavar="ORGANISATION/SYSTEM", help="all logs if none is named")

    def handle(self, *args: Any, **options: Any) -> None:
        """Signs what is not signed yet, then writes."""
        signer.publish_all(at=timezone.now())
        for log in _chosen(options["log"]):
            folder = options["folder"] / log.organisation.slug / log.slug
            try:
                size = export.export(log=log, folder=folder, url=pages.url_of(log))
            except DomainError as error:
                raise CommandError(f"{error.code}: {log.origin}: {error.detail}") from None
            except selectors.Damaged as error:
                raise CommandError(f"{log.origin}: {error}") from None
            self.stdout.write(f"{folder}: {size} entries")


def _chosen(name: str | None) -> list[Log]:
    if not name:
        return list(Log.objects.select_related("organisation", "system").order_by("pk"))
    organisation, _slash, slug = name.partition("/")
    log = selectors.by_path(organisation_slug=organisation, slug=slug)
    if log is None:
        raise CommandError(f"There is no log {name}; write ORGANISATION/SYSTEM or ORGANISATION/_org.")
    return [log]
