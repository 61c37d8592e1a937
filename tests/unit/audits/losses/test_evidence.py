"""Lost records among the evidence of a compliance report."""

import datetime as dt
import io
import json

import pypdf

from audits.losses import services
from audits.reports import evidence, exhibits, manifest
from governance.access.models import ApiKey
from tests.unit.audits.losses.standing import AT
from tests.unit.audits.reports import test_documents

WINDOW = (AT - dt.timedelta(days=1), AT + dt.timedelta(days=1))


def coverage(world, start=WINDOW[0], end=WINDOW[1]):
    return evidence.log_coverage(evidence.Scope(world.system, start, end, end))


def lose(world, process, total, at=AT):
    services.report(key=ApiKey.objects.get(), process=process, total=total, at=at)


def test_a_report_counts_them_and_each_figure_recomputes(world):
    assert coverage(world).values()["lost"] == 0
    assert "none reported" in json.dumps(exhibits.log_coverage(coverage(world)))
    lose(world, "a", 1_000)
    lose(world, "", 5)
    found = coverage(world)
    assert found.values()["lost"] == 1_005
    manifested, lines = manifest.freeze(kind="test", about={}, evidences=[found], body={})
    rows = [json.loads(line)["row"] for line in lines.splitlines()]
    assert sum(row["lost"] for row in rows if row["kind"] == "lost") == 1_005
    assert manifested["figures"]["log_coverage.lost"]["value"] == 1_005
    shown = json.dumps(exhibits.log_coverage(found))
    assert "1,005" in shown
    assert "does not name itself" in shown


def test_a_report_counts_processes_that_reported_within_its_window_even_in_part(world):
    hour = dt.timedelta(hours=1)
    lose(world, "before", 1, WINDOW[0] - hour)
    lose(world, "across", 2, WINDOW[0] - hour)
    lose(world, "across", 4, WINDOW[1] + hour)
    lose(world, "first", 8, WINDOW[0])
    lose(world, "after", 16, WINDOW[1])
    assert {row["process"]: row["lost"] for row in coverage(world).rows if row["kind"] == "lost"} == {
        "across": 4,
        "first": 8,
    }


def test_the_longest_count_and_each_moment_stand_on_one_line_of_the_document(world):
    """A number that is broken between two lines reads as two."""
    lose(world, "a" * services.MOST_NAME, 10**services.MOST_DIGITS - 1)
    lose(world, "b", 7, AT + dt.timedelta(days=30))
    shown = exhibits.log_coverage(coverage(world, end=AT + dt.timedelta(days=60)))["tables"][-1:]
    document = pypdf.PdfReader(io.BytesIO(test_documents.rendered(shown=shown)))
    text = "\n".join(page.extract_text() for page in document.pages)
    for whole in (
        "999,999,999,999,999",
        "3 Nov 2026, 12:00",
        "3 Dec 2026, 12:00",
        "First report (UTC)",
        "Decisions lost",
    ):
        assert whole in text
