"""Records are read fast, and refused for exactly the reasons the SDK states."""

import datetime as dt
import json
from pathlib import Path

import pytest
from edgewise import record as sdk
from edgewise import sealing

from audits.decisions.wire import Draft, Refused, Wire

VECTORS = sorted((Path(__file__).parents[3] / "vectors" / "records").glob("*.json"))
NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
EDGES = ("safety", "privacy")


@pytest.fixture
def wire():
    return Wire(system="moderator", edges=EDGES, key=b"k" * 32)


def record(**changes):
    return {
        "id": "019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01",
        "system": "moderator",
        "model_version": "1",
        "occurred_at": "2026-11-20T09:30:00+01:00",
        "context": {"community": "de"},
        "subject": {"ref": "user:1", "groups": {"locale": "de"}},
        "input": {"digest": "sha256:ab"},
        "policy": {"version": 1, "digest": "00"},
        "options": [
            {"id": "a", "label": "Ä", "edges": {"safety": 0.5, "privacy": 1}, "uncertainty": {"safety": 0.1}},
            {"id": "b", "edges": {"privacy": 0.25, "safety": 0.75}},
        ],
        "chosen": "a",
        "disposition": "answered",
        "rationale": 'He said "no": twice.\n',
        **changes,
    }


def raw(**changes):
    return json.dumps(record(**changes)).encode()


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_every_vector_gets_the_code_it_expects(path):
    vector = json.loads(path.read_text())
    text = vector["raw"] if "raw" in vector else json.dumps(vector["record"])
    system = vector.get("system", "moderator")
    now = dt.datetime.fromisoformat(vector["now"]) if "now" in vector else NOW
    found = Wire(system=system, edges=vector["edges"], key=b"k" * 32).read(text.encode(), now=now)
    if vector["expect"] is None:
        assert isinstance(found, Draft)
        sealing.verify_covers(sdk.loads(found.entry), json.loads(text), found.salts)
    else:
        assert isinstance(found, Refused)
        assert found.problem.code == vector["expect"]


def test_the_common_shape_takes_the_fast_path(wire, monkeypatch):
    monkeypatch.setattr(Wire, "_slow", lambda *_: pytest.fail("slow"))
    draft = wire.read(raw(), now=NOW)
    assert draft.subject == "user:1"
    assert draft.groups == {"locale": "de"}
    sealing.verify_covers(sdk.loads(draft.entry), record(), draft.salts)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"chosen": None, "disposition": "escalated"},
        {"weights": {"safety": 0.25, "privacy": 0.75}},
        {"weights": {"safety": 1, "privacy": 0}},
        {"subject": None},
        {
            "options": [
                {"id": "a", "edges": {"safety": None, "privacy": 0.5}, "unscored": {"safety": "no scorer"}}
            ]
        },
        {"kind": "assessment", "options": [{"id": "a", "edges": {"safety": 0.1, "privacy": 0.5}}]},
        {"sampling": {"rate": 0.1, "method": "hash"}, "scorer": {"safety": "s@1"}, "trace_id": "t"},
        {"masked": ["/rationale", "/input/text"]},
        {"input_counterfactuals": [{"changed": "locale", "chosen": "b"}]},
        {"rationale": "a\\u003ab: \u2028 ü 😀"},
    ],
)
def test_every_valid_shape_is_covered_by_its_entry(wire, changes):
    draft = wire.read(raw(**changes), now=NOW)
    assert isinstance(draft, Draft), draft
    sealing.verify_covers(sdk.loads(draft.entry), record(**changes), draft.salts)
    secrets = json.loads(draft.secrets)
    assert secrets["salts"] == draft.salts
    assert secrets["values"].keys() == draft.salts.keys()


@pytest.mark.parametrize(
    "form",
    [
        lambda r: json.dumps(r, indent=2),
        lambda r: json.dumps(r, sort_keys=True, separators=(",", ":")),
        lambda r: json.dumps(r).replace(":", "\\u003a", 0).replace("user:1", "user\\u003a1"),
    ],
)
def test_the_fingerprint_depends_on_the_values_and_not_on_how_they_are_written(wire, form):
    assert wire.read(form(record()).encode(), now=NOW).fingerprint == wire.read(raw(), now=NOW).fingerprint
    assert wire.read(raw(model_version="2"), now=NOW).fingerprint != wire.read(raw(), now=NOW).fingerprint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (raw().replace(b'"chosen": "a"', b'"chosen": "b", "chosen": "a"'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": 0.5, "safety" : 0.6,'), "malformed"),
        (raw().replace(b'"user:1"', b'"user\\u003a1", "ref": "x"'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": NaN,'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": -Infinity,'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": 1e999,'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": 0.1234567,'), "score_out_of_range"),
        (raw().replace(b'"safety": 0.5,', b'"safety": 1e-7,'), "score_out_of_range"),
        (raw().replace(b'"safety": 0.5,', b'"safety": "0.5",'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b'"safety": true,'), "malformed"),
        (raw().replace(b'"safety": 0.5,', b""), "missing_edge"),
        (raw()[:-9], "malformed"),
        (raw().replace(b"user", b"us\xffer"), "malformed"),
        (raw().replace(b'"user:1"', b'"\\ud800"'), "malformed"),
        (b"[" * 100_000, "malformed"),
        (b"null", "malformed"),
        (b"", "malformed"),
        (raw(rationale="x" * 2_001), "too_large"),
        (raw(rationale="x" * 2_000_000), "too_large"),
        (raw(occurred_at="2026-11-21T09:06:00Z"), "occurred_in_future"),
        (raw(context={str(n): "x" for n in range(17)}), "context_too_large"),
    ],
)
def test_what_is_wrong_is_named(wire, text, code):
    found = wire.read(text, now=NOW)
    assert isinstance(found, Refused)
    assert found.problem.code == code


def test_a_bad_record_among_many_keeps_its_place(wire):
    found = wire.read_many([raw(), raw(chosen="z"), raw(), raw().replace(b"0.5", b"0.1234567")], now=NOW)
    assert [type(each) for each in found] == [Draft, Refused, Draft, Refused]
