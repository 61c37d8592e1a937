"""Masking: what leaves the process, and how the record says so."""

import json

import edgewise
import pytest
from edgewise import masking, record_parts

from tests.unit.sdk.scripted import Server


def hide(record: dict) -> dict:
    record["input"].pop("text", None)
    record["options"][1]["label"] = "[masked]"
    record.pop("rationale", None)
    return record


def test_the_record_names_what_the_hook_changed_or_took_away(server: Server) -> None:
    decision = {
        "input": {"digest": "sha256:ab", "text": "secret"},
        "options": [{"id": "a", "label": "A"}, {"id": "b", "label": "secret"}],
        "rationale": "secret",
        "masked": ["/subject"],
    }
    with edgewise.Client(server.url, "k", mask=hide) as client:
        client.log(decision)
        assert client.flush(5)
        client.log(decision, wait=True)
        client.log({"input": {}, "options": [{}, {"label": "[masked]"}]})
    first, second, untouched = server.logged.values()
    for stored in (first, second):
        assert stored["masked"] == ["/input/text", "/options/1/label", "/rationale", "/subject"]
        assert "secret" not in json.dumps(stored)
    assert "masked" not in untouched
    assert decision["rationale"] == "secret", "the decision given is left as it was"


@pytest.mark.parametrize(
    "broken", [lambda _: 1 / 0, lambda _: None, lambda record: {**record, "x": object()}]
)
def test_what_cannot_be_masked_is_not_sent(server: Server, broken) -> None:
    with edgewise.Client(server.url, "k", mask=broken) as client:
        client.log({"id": "a", "rationale": "secret"})
        assert client.flush(5)
        assert client.rejected_total == 1
    assert server.requests == []


def test_changes_are_named_as_deep_as_both_have_the_same_shape() -> None:
    before = {"a": [1, {"b/c": 2}], "d": [1, 2], "e": {"f": 1}, "g": 1}
    after = {"a": [1, {"b/c": 3}], "d": [1], "e": None, "h": 1}
    assert set(masking.changes(before, after, "")) == {"/a/1/b~1c", "/d", "/e", "/g", "/h"}


def test_more_places_than_a_record_may_name_are_named_by_what_holds_them() -> None:
    def careful(decision: dict) -> dict:
        for option in decision["options"]:
            option["label"] = "[masked]"
            option["uncertainty"] = None
        return {**decision, "input": {**decision["input"], "text": "[masked]"}}

    options = [{"id": str(n), "label": f"secret {n}", "uncertainty": {"safety": 0.1}} for n in range(32)]
    found = masking.masked({"input": {"digest": "sha256:ab", "text": "secret"}, "options": options}, careful)
    assert len(found["masked"]) == record_parts.MAX_MASKED
    assert {"/options/0", "/options/1/label", "/options/31/uncertainty", "/input/text"} <= set(
        found["masked"]
    )
    assert not [place for place in found["masked"] if place.startswith("/options/0/")]
    assert list(record_parts._masked(found["masked"])) == []


def test_a_place_too_long_to_be_named_is_named_by_what_holds_it() -> None:
    record = {"context": {"x" * 300: "secret", "y": 1}}
    found = masking.masked(record, lambda given: {"context": {**given["context"], "x" * 300: ""}})
    assert found["masked"] == ["/context"]
