"""The frozen manifest and its recipes."""

import json

import pytest
from edgewise import documents
from hypothesis import given
from hypothesis import strategies as st

from audits.reports import manifest
from audits.reports.manifest import Evidence, Figure

ROWS = [{"kind": "day", "n": 3}, {"kind": "day", "n": 4}, {"kind": "log", "n": 9, "size": 12}]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (Figure("count", "q"), 3),
        (Figure("count", "q", where={"kind": "day"}), 2),
        (Figure("sum", "q", "n", where={"kind": "day"}), 7),
        (Figure("min", "q", "n"), 3),
        (Figure("max", "q", "n"), 9),
        (Figure("distinct", "q", "kind"), 2),
        (Figure("only", "q", "size", where={"kind": "log"}), 12),
        (Figure("only", "q", "n", where={"kind": "day"}), None),
        (Figure("ratio", "q", "n", over="size", where={"kind": "log"}), 0.75),
        (Figure("max", "q", "n", where={"kind": "none"}), None),
    ],
)
def test_a_recipe_gives_its_figure(figure, value):
    assert documents.compute(figure.recipe(), ROWS) == value


def test_a_ratio_over_nothing_is_no_figure():
    assert documents.compute({"op": "ratio", "query": "q", "field": "n", "over": "m"}, []) is None


def test_canonical_json_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="JSON"):
        manifest.canonical({"value": float("nan")})


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_canonical_json_does_not_depend_on_order(value):
    backwards = dict(reversed(value.items()))
    assert manifest.canonical(value) == manifest.canonical(backwards)
    assert json.loads(manifest.canonical(value)) == value


def test_the_manifest_names_its_evidence_by_hash():
    answer = Evidence("q", {"system": "s"}, ROWS, {"days": Figure("count", "q", where={"kind": "day"})})
    frozen, lines = manifest.freeze(kind="test", about={}, evidences=[answer], body={})
    assert frozen["evidence"] == {"file": "evidence.jsonl", "lines": 3, "sha256": manifest.sha256(lines)}
    assert frozen["figures"]["q.days"]["value"] == 2
    assert frozen["queries"]["q"]["result_sha256"] == manifest.sha256(lines)
