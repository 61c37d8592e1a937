"""The commands that write documents without a worker."""

import pytest
from django.core.management import CommandError, call_command

from audits.management.commands import render_report
from modelcards.cards import selectors

pytestmark = pytest.mark.usefixtures("quick")


def test_a_card_is_written_in_every_form(system, tmp_path):
    call_command("render_card", "north", "feed", str(tmp_path / "card"), "--publish")
    names = sorted(path.name for path in (tmp_path / "card").iterdir())
    assert names == ["README.md", "bom.cdx.json", "card.json", "card.pdf"]
    assert selectors.published(slug="feed") is not None


def test_without_a_published_card_the_command_says_what_to_do(system, tmp_path):
    with pytest.raises(CommandError, match="add --publish"):
        call_command("render_card", "north", "feed", str(tmp_path))
    with pytest.raises(CommandError, match="no such system"):
        call_command("render_card", "north", "nothing", str(tmp_path))


def test_a_report_is_written_and_named_by_its_hash(system, tmp_path, capsys):
    assert render_report.documents.pdf() == b"%PDF-1.7"
    call_command("render_report", "north", str(tmp_path / "out" / "report.pdf"), system="feed")
    assert (tmp_path / "out" / "report.pdf").read_bytes() == b"%PDF-1.7"
    assert capsys.readouterr().out.startswith("R-2026-001 sha256 ")
