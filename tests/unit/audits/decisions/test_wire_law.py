"""The law of the fast reader: it accepts and refuses exactly what the SDK's own check does, with the same codes."""

import copy
import datetime as dt
import json

from edgewise import record as sdk
from edgewise import sealing
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.decisions.wire import Draft, Wire
from tests.unit.audits.decisions.test_wire import EDGES, NOW, record

WIRE = Wire(system="moderator", edges=EDGES, key=b"k" * 32)
LATE = NOW + sdk.CLOCK_TOLERANCE

# What stands at the limits of the rules, and just beyond.
NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 0.5, 1.0, -0.0, 1e-6, 1e-7, 0.1234567, 0.123456, 0.5000001, 1.000001, 0.999999, 5e-324, 1e308,
     10**308, 10**400, -1e-9, 0.30000000000000004, 2**53 + 1, True, False]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["", " ", "a", "b", "label", "x" * 256, "x" * 257, "x" * 2_000, "x" * 2_001, "\0", "a\0b", "\ud800", "ü",
     "😀" * 256,
     "sha256:ab", "sha256:", "sha256: x", "sha256:a\n", "SHA256:ab", "answered", "clarified", "escalated", "refused",
     "choice", "assessment", "moderator", "/rationale", "rationale", "2026-11-20T09:30:00Z", "2026-11-20T09:30:00",
     "2026-11-20t09:30:00z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "2026-11-20 09:30:00.123456789Z", "2026-11-20T09:30:60Z", "2026-11-20T09:30:00+24:00", LATE.isoformat(),
     (LATE + dt.timedelta(seconds=1)).isoformat(), "019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01",
     "019AA7A4-7C1F-7D3A-9C55-2F0C3F6C9B01", "019aa7a47c1f7d3a9c552f0c3f6c9b01",
     "{019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01}", "٠19aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01", "a:b", "\\u003a", '"', "\n"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["safety", "privacy", "expression", "id", "ref", "groups", "digest", "text", "version", "edges", "label",
     "uncertainty", "unscored", "rate", "method", "", "x" * 256, "x" * 257, "a/b", "a~b", "\ud800", "a\0"]
)  # fmt: skip
LEAVES = st.none() | NUMBERS | TEXTS
VALUES = LEAVES | st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
WHOLE = {
    "clarification": "dialog-1", "trace_id": "t", "span_id": "s", "parent": "p", "kind": "choice",
    "sampling": {"rate": 0.1, "method": "hash"}, "scorer": {"safety": "s@1"}, "masked": ["/rationale"],
    "weights": {"safety": 0.25, "privacy": 0.75}, "input_counterfactuals": [{"changed": "locale", "chosen": "b"}],
}  # fmt: skip
FIELDS = st.sampled_from(sorted({*sdk.FIELDS, "surplus"}))


def places(value, path=()):
    """Every place in a record where something can be put instead."""
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in children:
        yield from places(child, (*path, name))


def put(value, path, draw):
    """Replaces, removes, or adds beside, what stands there."""
    if not path:
        return draw(VALUES)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    way = draw(st.sampled_from(["replace", "remove", "add"]))
    if way == "replace":
        holder[path[-1]] = draw(VALUES)
    elif way == "remove":
        del holder[path[-1]]
    elif isinstance(holder, dict):
        holder[draw(NAMES | FIELDS)] = draw(VALUES)
    else:
        holder.append(copy.deepcopy(draw(st.sampled_from(holder) | VALUES)))
    return value


@st.composite
def records(draw):
    """Mostly valid ones, changed in a few places."""
    chosen = draw(st.sets(st.sampled_from(sorted(WHOLE))))
    made = copy.deepcopy(record(**{name: WHOLE[name] for name in sorted(chosen)}))
    for _change in range(draw(st.integers(0, 3))):
        if not isinstance(made, dict | list):
            break
        everywhere = list(places(made))
        scores = [path for path in everywhere if "edges" in path[:-1]]
        made = put(
            made, draw(st.sampled_from(scores if scores and draw(st.booleans()) else everywhere)), draw
        )
    return made


@st.composite
def written(draw):
    """A record as JSON: compact or not, escaped or not, sometimes with a key twice, cut or followed by something."""
    made = draw(records())
    escaped, spaces = draw(st.booleans()), draw(st.sampled_from([None, 1]))
    text = json.dumps(made, ensure_ascii=escaped, indent=spaces)
    spoiled = draw(st.sampled_from(["no"] * 6 + ["twice", "cut", "more", "escape", "constant"]))
    if spoiled == "twice":
        text = text.replace('"disposition"', '"disposition": "answered", "disposition"', 1)
    elif spoiled == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif spoiled == "more":
        text += draw(st.sampled_from([" ", "\n", "x", "{}", ",", "\0"]))
    elif spoiled == "escape":
        text = text.replace('"safety"', '"s\\u0061fety"', 1)
    elif spoiled == "constant":
        text = text.replace(
            "0.5", draw(st.sampled_from(["NaN", "1e999", "-Infinity", "00.5", "0.5e0", "5E-1"])), 1
        )
    return text.encode("utf-8", "surrogatepass")


def expected(raw):
    """The code the SDK finds first; None for a valid record."""
    try:
        parsed = sdk.loads(raw)
    except sdk.MalformedJSONError:
        return "malformed"
    found = sdk.check(parsed, EDGES, system="moderator", now=NOW)
    return found[0].code if found else None


def code(answer):
    return None if isinstance(answer, Draft) else answer.problem.code


@settings(max_examples=600)
@given(written())
def test_what_is_accepted_and_refused_is_what_the_sdk_says(raw):
    answer = WIRE.read(raw, now=NOW)
    assert code(answer) == expected(raw), raw
    if isinstance(answer, Draft):
        sealing.verify_covers(sdk.loads(answer.entry), sdk.loads(raw), answer.salts)


@settings(max_examples=60)
@given(st.lists(written(), min_size=1, max_size=8))
def test_a_record_is_judged_among_many_as_it_is_alone(raws):
    assert [code(answer) for answer in WIRE.read_many(raws, now=NOW)] == [expected(raw) for raw in raws]


def test_the_strategy_reaches_both_sides_of_the_rules():
    """The law above would say nothing if all that is drawn were refused alike."""
    codes = set()

    @settings(max_examples=500, database=None, derandomize=True)
    @given(written())
    def gather(raw):
        codes.add(expected(raw))

    gather()
    assert codes >= {
        None,
        "malformed",
        "missing_field",
        "unknown_field",
        "score_out_of_range",
        "unknown_edge",
    }
