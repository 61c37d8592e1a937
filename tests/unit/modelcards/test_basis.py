"""A count of decisions that followed the policy never stands without what it rests on."""

import json
from dataclasses import replace

import pytest

from audits.reports import exhibits
from audits.reports.manifest import Evidence
from modelcards.cards import content, figures, pillars
from tests.unit.modelcards.conftest import AT

REPORTED = {"kind": "total", "judged": 3, "deviating": 1, "unjudged": 0, "basis": "checked"}


@pytest.fixture
def answers(system):
    return figures.gather(system=system, at=AT)


def without_basis(evidence):
    rows = [{name: part for name, part in row.items() if name != "basis"} for row in evidence.rows]
    return replace(evidence, rows=rows)


def test_cards_say_what_the_count_rests_on(answers):
    table = content.conformance_table(answers["conformance"].rows)
    assert "Followed the policy (self-reported)" in json.dumps(table)
    indices = answers["indices"]
    measured = replace(indices, rows=[{**row, "value": 0.5} for row in indices.rows])
    assert "followed the policy (self-reported)" in json.dumps(pillars.rows({**answers, "indices": measured}))


def test_a_card_that_does_not_know_it_is_not_made(answers):
    bare = without_basis(answers["conformance"])
    with pytest.raises(KeyError, match="basis"):
        content.conformance_table(bare.rows)
    with pytest.raises(KeyError, match="basis"):
        pillars.rows({**answers, "conformance": bare})


def test_nor_is_a_report():
    evidence = Evidence("conformance", {}, [REPORTED])
    assert "Followed the policy (checked)" in json.dumps(exhibits.conformance(evidence))
    with pytest.raises(KeyError, match="basis"):
        exhibits.conformance(without_basis(evidence))
