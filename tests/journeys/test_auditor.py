"""An auditor's journey: export the report, and find its own SHA-256 in the log that nobody can rewrite."""

import hashlib
from pathlib import Path

from tests import live
from tests.journeys import town
from tests.journeys.town import PASSWORD, Town
from tests.journeys.visitor import Visitor

RENDERED_WITHIN = 120
JUDGED_WITHIN = 60


def test_an_auditor_exports_the_report_and_finds_its_hash_in_the_log(
    visitor: Visitor, place: Town, tmp_path: Path
) -> None:
    kept = {"safety": 0.8, "privacy": 0.7, "expression": 0.9}
    limited = {"safety": 0.9, "privacy": 0.7, "expression": 0.2}
    for _post in range(3):
        town.decide(visitor.url, place.secret, "moderation", label=kept, limit=limited)
    visitor.sign_in("auditor", PASSWORD)
    visitor.follow("Reports")
    visitor.page.get_by_label("System").select_option(label="Moderation assistant")
    visitor.press("Make the report")
    # The page brings itself up to date while the report is made, and stays whole.
    visitor.page.get_by_text("SHA-256 of the PDF").first.wait_for(timeout=RENDERED_WITHIN * 1000)
    assert visitor.page.locator("main h1").count() == 1
    visitor.look()
    shown = visitor.page.locator("[data-done^='SHA-256 of the PDF']").get_attribute("data-copy")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the PDF").click()
    pdf = tmp_path / "report.pdf"
    download.value.save_as(pdf)
    assert hashlib.sha256(pdf.read_bytes()).hexdigest() == shown
    visitor.follow("report.finished")
    assert shown is not None
    assert shown in visitor.page.locator("main").inner_text().replace(" ", "")
    visitor.go("/log/")
    visitor.go("/log/events/")
    visitor.go("/findings/")


def test_an_auditor_finds_the_decision_and_the_edge_that_drove_it(visitor: Visitor, place: Town) -> None:
    bold = {"safety": 0.5, "privacy": 0.6, "expression": 0.95}
    shy = {"safety": 0.55, "privacy": 0.6, "expression": 0.1}
    posted = town.decide(visitor.url, place.secret, "moderation", label=bold, limit=shy)
    visitor.sign_in("auditor", PASSWORD)
    visitor.follow("Decisions")
    visitor.go(f"/decisions/{posted['id']}/")
    live.wait_for(lambda: visitor.reloaded_sees("Followed the policy"), seconds=JUDGED_WITHIN)
    assert visitor.sees("The deciding edge was Freedom of expression")


def test_an_auditor_searches_the_log_and_takes_a_receipt_away(
    visitor: Visitor, place: Town, tmp_path: Path
) -> None:
    visitor.sign_in("auditor", PASSWORD)
    visitor.follow("Log")
    visitor.at_phone()
    visitor.look()
    visitor.follow("Search all events")
    visitor.page.get_by_label("What happened").select_option("policy.enacted")
    visitor.press("Show")
    visitor.page.locator("tbody a").first.click()
    visitor.page.get_by_role("link", name="Download the receipt").wait_for()
    visitor.look()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the receipt").click()
    receipt = tmp_path / "entry.tlog-proof"
    download.value.save_as(receipt)
    assert receipt.read_bytes().startswith(b"c2sp.org/tlog-proof@v1")
