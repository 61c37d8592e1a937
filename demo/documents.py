"""The documents of a run: asked for as people ask for them, made by the worker, copied beside the summary."""

import datetime as dt
import shutil
import time
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audits.reports import services as reports
from audits.reports.models import Report
from demo import card, cast
from demo.journal import Journal, Json
from demo.scenario import Scenario
from governance.organisations.models import Organisation, Person

PATIENCE_SECONDS = 180.0
FRAMEWORKS = ("eu-ai-act",)
# Documents cut their data at a whole second: what was recorded in this one has to lie before the cut.
WHOLE_SECOND = 1.0


def request_reports(scenario: Scenario, proposal: int) -> dict[str, Report]:
    """The compliance report on the edge-aware system since it was registered, and the minutes of the vote."""
    organisation = Organisation.objects.get(slug=scenario.organisation)
    auditor = Person.objects.get(username=cast.username(scenario, "auditor"))
    system = cast.system_of(scenario, scenario.edge_aware)
    now = timezone.now()
    return {
        "compliance_pdf": reports.request(
            organisation=organisation,
            kind=Report.Kind.COMPLIANCE,
            system=system,
            start=system.created_at - dt.timedelta(seconds=1),
            end=now,
            frameworks=FRAMEWORKS,
            by=auditor,
            at=now,
        ),
        "minutes_pdf": reports.request(
            organisation=organisation, kind=Report.Kind.MINUTES, subject=str(proposal), by=auditor, at=now
        ),
    }


def wait_for(wanted: dict[str, Report], journal: Journal) -> None:
    """Until the worker has finished each; says how far it is."""
    deadline, said = time.monotonic() + PATIENCE_SECONDS, ""
    while time.monotonic() < deadline:
        for report in wanted.values():
            report.refresh_from_db()
        failed = [report for report in wanted.values() if report.state == Report.State.FAILED]
        if failed:
            raise SystemExit(f"The worker could not make {failed[0].reference}: {failed[0].error}")
        if all(report.state == Report.State.FINISHED for report in wanted.values()):
            return
        text = "; ".join(f"{report.kind} {_progress(report)}" for report in wanted.values())
        if text != said:
            journal.say(f"  {text}")
            said = text
        time.sleep(0.5)
    raise SystemExit("The worker did not finish the documents in time. Does it run?")


def _progress(report: Report) -> str:
    if report.job is None:
        return report.get_state_display()
    report.job.refresh_from_db()
    return f"{report.job.progress} %"


def copy_to(folder: Path, name: str, source: Path) -> str:
    """A copy under a name that people recognise; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copyfile(source, folder / name))


def make(scenario: Scenario, proposal: int, folder: Path, journal: Journal) -> Json:
    """All documents; their paths by the names of the summary."""
    time.sleep(WHOLE_SECOND)
    version = card.begin(scenario)
    wanted = request_reports(scenario, proposal)
    version = card.publish(scenario, version)
    journal.say(
        f"  model card {version.number} published at {settings.EDGEWISE_BASE_URL}/cards/{version.card.slug}/"
    )
    papers = card.export(version, folder)
    papers["model_card_pdf"] = copy_to(folder, "model-card.pdf", Path(version.file.path))
    wait_for(wanted, journal)
    names = {"compliance_pdf": "compliance-report.pdf", "minutes_pdf": "minutes.pdf"}
    for key, report in wanted.items():
        papers[key] = copy_to(folder, names[key], Path(report.file.path))
    return papers
