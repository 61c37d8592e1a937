"""Makes a report without a worker and writes the PDF."""

import datetime as dt
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from audits.reports import documents, gathering, services
from audits.reports.models import Report
from governance.commandline import EdgewiseCommand
from governance.organisations.models import Organisation
from governance.systems import selectors as systems


class Command(EdgewiseCommand):
    help = "Make a compliance report (or --minutes PROPOSAL, --explanation DECISION) and write its PDF."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisation")
        parser.add_argument("file", type=Path)
        parser.add_argument("--system", default="")
        parser.add_argument("--days", type=int, default=30, help="length of the window, up to now")
        parser.add_argument("--framework", action="append", dest="frameworks", default=[])
        parser.add_argument("--minutes", default="")
        parser.add_argument("--explanation", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError("There is no such organisation.")
        report = services.request(
            organisation=organisation, by=None, at=timezone.now(), **asked(organisation, options)
        )
        pdf = make(report)
        options["file"].parent.mkdir(parents=True, exist_ok=True)
        options["file"].write_bytes(pdf)
        self.stdout.write(f"{report.reference} sha256 {report.pdf_sha256} {options['file']}")


def asked(organisation: Organisation, options: dict[str, Any]) -> dict[str, Any]:
    """What the service takes, from the command line."""
    for kind in ("minutes", "explanation"):
        if options[kind]:
            return {"kind": kind, "subject": options[kind]}
    now = timezone.now()
    return {
        "kind": Report.Kind.COMPLIANCE,
        "system": systems.get(organisation=organisation, slug=options["system"]),
        "start": now - dt.timedelta(days=options["days"]),
        "end": now,
        "frameworks": options["frameworks"] or ["eu-ai-act"],
    }


def make(report: Report) -> bytes:
    """Everything the worker does, here and now. The job it left behind finds the report finished."""
    services.begin(report=report, at=timezone.now())
    frozen = gathering.freeze(report, cut=timezone.now().replace(microsecond=0))
    pdf = documents.pdf(frozen.template, frozen.manifest, evidence=frozen.evidence, cut=frozen.cut)
    services.finish(report=report, manifest=frozen.manifest, pdf=pdf, at=timezone.now())
    return pdf
