"""The decision record: every code, sealing, the entry."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from edgewise import record, sealing, strict_json
from edgewise.errors import VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

RECORDS = Path(__file__).parents[2] / "vectors" / "records"
VECTORS = sorted(RECORDS.glob("*.json"))
EDGES = ("safety", "fairness", "privacy", "expression")


def good() -> dict:
    return json.loads((RECORDS / "good-full.json").read_text())["record"]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_each_vector_meets_its_one_problem_or_none(path: Path) -> None:
    vector = json.loads(path.read_text())
    try:
        parsed = record.loads(vector["raw"]) if "raw" in vector else vector["record"]
    except record.MalformedJSONError:
        assert vector["expect"] == "malformed"
        return
    now = datetime.fromisoformat(vector["now"]) if "now" in vector else None
    problems = record.check(parsed, vector["edges"], system=vector.get("system"), now=now)
    found = [(problem.code, problem.pointer) for problem in problems]
    assert found == ([(vector["expect"], vector["pointer"])] if vector["expect"] else [])
    assert all(problem.detail.endswith(".") and problem.remedy.endswith(".") for problem in problems)


def test_every_code_has_a_vector() -> None:
    codes = {json.loads(path.read_text())["expect"] for path in VECTORS}
    assert codes == {
        None, "missing_field", "unknown_field", "missing_edge", "unknown_edge", "score_out_of_range",
        "weights_not_normalised", "chosen_missing", "chosen_not_an_option", "duplicate_option",
        "too_many_options", "occurred_in_future", "context_too_large", "too_large", "wrong_system", "malformed",
    }  # fmt: skip


def test_all_problems_are_found_at_once() -> None:
    broken = good() | {"id": "17", "chosen": "burn", "verdict": 1}
    broken["options"][0]["edges"]["safety"] = 2
    codes = [problem.code for problem in record.check(broken, EDGES)]
    assert codes == ["unknown_field", "malformed", "score_out_of_range", "chosen_not_an_option"]


def test_an_entry_holds_no_sealed_value_and_opens_with_its_salts() -> None:
    original = good()
    before = copy.deepcopy(original)
    sealed = record.seal(original)
    entry = record.entry_bytes(sealed.record)
    assert original == before
    for secret in (b"account-17", b"9f86d081", b"Umlauten", b"Leave it up", b"opinion", b"30-44"):
        assert secret not in entry
    assert set(sealed.salts) == set(sealed.values) == {
        "/subject", "/input", "/rationale", "/options/0/label", "/options/1/label", "/options/2/label",
    }  # fmt: skip
    assert len(set(sealed.salts.values())) == 6
    sealing.verify_covers(json.loads(entry), original, sealed.salts)
    record.open_commitment(sealed.record["subject"], original["subject"], sealed.salts["/subject"])


def test_sealing_again_with_the_same_salts_gives_the_same_entry() -> None:
    first = record.seal(good())
    assert record.seal(good(), first.salts) == first
    assert record.seal(good()).record != first.record


@pytest.mark.parametrize(
    ("pointer", "value"),
    [(("rationale",), "other"), (("options", 0, "label"), "x"), (("options", 0, "edges", "safety"), 0.63),
     (("chosen",), "limit"), (("subject", "ref"), "account-18"), (("context", "community"), "fr")],
)  # fmt: skip
def test_an_entry_does_not_cover_another_record(pointer: tuple, value: object) -> None:
    sealed = record.seal(good())
    other = good()
    holder = other
    for part in pointer[:-1]:
        holder = holder[part]
    holder[pointer[-1]] = value
    with pytest.raises(VerificationError):
        sealing.verify_covers({"record": sealed.record}, other, sealed.salts)


def test_a_missing_or_wrong_salt_opens_nothing() -> None:
    sealed = record.seal(good())
    for salts in (
        {},
        sealed.salts | {"/rationale": sealed.salts["/subject"]},
        sealed.salts | {"/subject": "?"},
    ):
        with pytest.raises(VerificationError):
            sealing.verify_covers({"record": sealed.record}, good(), salts)
    with pytest.raises(VerificationError):
        sealing.verify_covers({"type": "erasure"}, good(), sealed.salts)


def test_canonical_json_is_sorted_compact_utf8() -> None:
    assert record.canonical({"b": [1, 0.5, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,0.5,null]}'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        record.canonical(float("nan"))


def test_broken_json_names_the_byte() -> None:
    with pytest.raises(record.MalformedJSONError) as raised:
        record.loads('{"é": tru}'.encode())
    assert raised.value.byte == 7
    with pytest.raises(record.MalformedJSONError):
        record.loads(b"[" * 100_000)
    with pytest.raises(record.MalformedJSONError) as raised:
        record.loads(b'"\xff"')
    assert raised.value.byte == 1


class Counted(str):
    """A key that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_key_that_stands_twice_is_found_without_comparing_each_with_each() -> None:
    """A body of eight megabytes holds 800,000 keys: hours, if it were."""
    pairs = [(Counted(number), 0) for number in (*range(1_000), 999)]
    with pytest.raises(record.MalformedJSONError, match="'999' stands twice"):
        strict_json._object(pairs)
    assert Counted.compared < 10 * len(pairs)


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'{"a": ["\uDFFF"]}', r'{"\ud83d": 1}', '"\ud800"', r'"\ude00\ud83d"']
)
def test_half_of_a_surrogate_pair_is_malformed(text: str) -> None:
    with pytest.raises(record.MalformedJSONError, match="surrogate pair"):
        record.loads(text)


def test_whole_pairs_and_what_only_looks_like_half_of_one_are_read() -> None:
    assert record.loads(r'["\ud83d\ude00", "\\ud800"]') == ["😀", r"\ud800"]


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_a_record_is_nested_so_deep_and_no_deeper(wrap: Callable[[object], object]) -> None:
    """The record is the first of them. Nothing that stands in it deeper is compared, shown or written."""
    value: object = wrap("\0")
    for _ in range(record.MAX_NESTING - 2):
        value = wrap(value)
    (found,) = record.check(good() | {"input_counterfactuals": value}, EDGES)
    assert "NUL" in found.detail
    for name in ("input_counterfactuals", "kind", "chosen", "disposition"):
        (found,) = record.check(good() | {name: wrap(value)}, EDGES)
        assert (found.code, found.detail) == ("malformed", "The record is nested more than 32 deep.")


def test_a_list_that_holds_itself_is_nested_too_deep() -> None:
    value: list[object] = []
    value += [value, value]
    (found,) = record.check(good() | {"input_counterfactuals": value}, EDGES)
    assert "nested" in found.detail


@pytest.mark.parametrize("offset", ["+23:59", "-23:59", "+16:00", "+00:00"])
def test_a_time_is_read_as_utc(offset: str) -> None:
    moment = record.parse_time(f"2026-11-20T12:00:00{offset}")
    assert moment == datetime.fromisoformat(f"2026-11-20T12:00:00{offset}")
    assert moment.tzinfo is UTC


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: object, at: tuple = ()) -> list[tuple]:
    """Every place in a JSON value, as the keys that lead there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *[place for key, part in inner for place in places(part, (*at, key))]]


@given(st.data(), JSON)
@settings(deadline=None, max_examples=300)
def test_no_value_anywhere_makes_the_check_fail(data: st.DataObject, value: object) -> None:
    changed = good()
    *way, last = data.draw(st.sampled_from(places(changed)[1:]))
    holder = changed
    for key in way:
        holder = holder[key]
    holder[last] = value
    if not record.check(changed, EDGES):
        assert json.loads(record.entry_bytes(record.seal(changed).record))["schema"] == record.SCHEMA


@given(JSON)
@settings(deadline=None)
def test_no_value_at_all_makes_the_check_fail(value: object) -> None:
    assert record.check(value, ["safety"])
