"""The record's JSON Schema and the SDK's check say the same, but for what a schema cannot say."""

import json
import re
from pathlib import Path

import pytest
from edgewise import record as sdk
from edgewise import sealing
from hypothesis import given, settings
from jsonschema import Draft202012Validator, ValidationError, validators

from audits.decisions import record_schema
from tests.unit.audits.decisions.test_wire import EDGES, NOW
from tests.unit.audits.decisions.test_wire_law import records

VECTORS = sorted((Path(__file__).parents[3] / "vectors" / "records").glob("*.json"))


def _pattern(_validator, pattern, text, _schema):
    """As ECMA-262 reads it, which JSON Schema names: the end is the end, not also before a last line break."""
    if isinstance(text, str) and not re.search(pattern.replace("$", r"\Z"), text):
        yield ValidationError(f"{text!r} is not as {pattern}")


VALIDATOR = validators.extend(Draft202012Validator, {"pattern": _pattern})(record_schema.RECORD)

# What a schema cannot say: codes, and the words of the problem where the code has other reasons too.
BEYOND = {
    "chosen_not_an_option": "", "duplicate_option": "", "missing_edge": "", "unknown_edge": "",
    "weights_not_normalised": "", "occurred_in_future": "", "wrong_system": "",
    "score_out_of_range": "decimals",
    "missing_field": "No reason why",
    "too_large": "The record takes",
    "malformed": "surrogate|NUL|RFC 3339|is scored, or|whole number",
}  # fmt: skip
TAKEN = {
    "bad-chosen_not_an_option", "bad-duplicate_option", "bad-malformed-time-impossible",
    "bad-malformed-unscored-but-scored", "bad-missing_edge", "bad-missing_field-unscored-reason",
    "bad-occurred_in_future", "bad-score_out_of_range-decimals", "bad-too_large", "bad-unknown_edge",
    "bad-unknown_edge-scorer", "bad-unknown_edge-uncertainty", "bad-unknown_edge-weights",
    "bad-weights_not_normalised-sum", "bad-wrong_system",
}  # fmt: skip


def is_beyond(problem) -> bool:
    return re.search(BEYOND.get(problem.code, "(?!)"), problem.detail) is not None


def parsed(path):
    """The record of a vector; None for what is no JSON."""
    read = json.loads(path.read_text())
    try:
        return sdk.loads(read["raw"]) if "raw" in read else read["record"]
    except sdk.MalformedJSONError:
        return None


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(record_schema.RECORD)
    assert set(record_schema.RECORD["properties"]) == sdk.FIELDS
    assert record_schema.RECORD["required"] == list(sdk.REQUIRED)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vectors_are_refused_where_a_schema_can_say_why(path):
    assert VALIDATOR.is_valid(parsed(path)) is (path.stem.startswith("good-") or path.stem in TAKEN)


@settings(max_examples=400)
@given(records())
def test_what_the_schema_refuses_is_refused_and_what_it_takes_fails_only_beyond_it(made):
    found = sdk.check(made, EDGES, system="moderator", now=NOW)
    if VALIDATOR.is_valid(made):
        assert all(is_beyond(problem) for problem in found)
    else:
        assert found


def test_the_law_sees_both_sides():
    sides = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(records())
    def gather(made):
        sides.add((VALIDATOR.is_valid(made), bool(sdk.check(made, EDGES, system="moderator", now=NOW))))

    gather()
    assert sides == {(True, False), (True, True), (False, True)}


def test_what_is_sealed_is_marked():
    def marked(shape):
        return {name for name, each in shape["properties"].items() if each.get("x-sealed")}

    assert marked(record_schema.RECORD) == set(sealing.SEALED)
    assert marked(record_schema.RECORD["properties"]["options"]["items"]) == set(sealing.SEALED_IN_OPTION)


@pytest.mark.parametrize("made", [record_schema.EXAMPLE, record_schema.LEAST], ids=["whole", "least"])
def test_the_examples_are_valid_records(made):
    VALIDATOR.validate(made)
    assert sdk.check(made, ["safety", "privacy", "expression"]) == []
    assert set(record_schema.LEAST) == set(sdk.REQUIRED)
