"""The checker of the fault suite finds what it is there to find: each kind of loss, shown to it."""

import dataclasses
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import cast

import pytest
from edgewise import merkle

from tests.faults import checking
from tests.faults.checking import Found
from tests.faults.hammer import Hammer, NoAnswer
from tests.faults.kept import Kept, Place, System

LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(4)]
WHOLE = Found(
    size=4,
    rows=[("a", 1), ("b", 2), ("c", 3)],
    ids=[("a", 1), ("b", 2), ("c", 3)],
    entries=[(0, None, LEAVES[0]), (1, "a", LEAVES[1]), (2, "b", LEAVES[2]), (3, "c", LEAVES[3])],
)
KEPT = {"a": Place(1, 1, LEAVES[1]), "c": Place(1, 3, LEAVES[3])}
SYSTEM = System("north", "assistant", 1, 1, "", "", (), {})


def test_a_whole_log_is_found_whole() -> None:
    """What was never acknowledged may be there as well."""
    assert checking.judge(WHOLE, KEPT, {frozenset("ab"), frozenset("xy")}) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 5}, "missing: [4]"),
        ({"entries": WHOLE.entries[:2] + WHOLE.entries[3:]}, "missing: [2]"),
        ({"entries": [*WHOLE.entries, (4, "a", LEAVES[1])], "size": 5}, "a is in the log 2 times"),
        ({"rows": WHOLE.rows[:2]}, "rows and entries disagree"),
        ({"rows": [*WHOLE.rows, ("c", 3)]}, "rows and entries disagree"),
        ({"ids": WHOLE.ids[1:]}, "ids and entries disagree"),
        ({"rows": [("a", 1), ("b", 3), ("c", 2)]}, "rows and entries disagree"),
        ({"entries": [*WHOLE.entries[:3], (3, "c", LEAVES[0])]}, "c was acknowledged at 3"),
        ({"entries": WHOLE.entries[:3], "rows": WHOLE.rows[:2], "size": 3}, "where the log has nothing"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], sentence: str) -> None:
    """A gap, a double, rows that disagree, an entry that is another, a record that is gone."""
    found = dataclasses.replace(WHOLE, **change)  # type: ignore[arg-type]
    assert any(sentence in problem for problem in checking.judge(found, KEPT, set()))


def test_half_a_request_is_named() -> None:
    """A request that is one commit is in the log whole or not at all."""
    problems = checking.judge(WHOLE, {}, {frozenset("ax")})
    assert problems == ["1 of the 2 records of one unanswered request are in the log"]


def test_answers_that_contradict_each_other_are_kept() -> None:
    """The same id at two places, and a good record that was refused."""
    kept = Kept()
    item = {"id": "a", "status": "logged", "index": 1, "leaf_hash": LEAVES[1].hex()}
    kept.acknowledge(SYSTEM, [item, item | {"status": "duplicate"}], asked_at=0)
    assert kept.contradictions == []
    kept.acknowledge(SYSTEM, [item | {"index": 2}, {"id": "b", "status": "rejected"}], asked_at=0)
    assert len(kept.contradictions) == 2


@pytest.mark.parametrize(
    ("status", "headers", "contradictions"),
    [
        (503, {"Retry-After": "5"}, 0),
        (503, {}, 1),
        (502, {}, 0),
        (500, {}, 1),
        (500, {"Retry-After": "5"}, 1),
    ],
)
def test_a_crash_is_no_ordinary_outage(status: int, headers: dict[str, str], contradictions: int) -> None:
    """Whatever dies, ingest says that it cannot now; a defect is sent again as well, and fails the run."""
    kept = Kept()
    hammer = Hammer([SYSTEM], [0], kept, seed=1)
    answer = SimpleNamespace(status=status, read=lambda: b"{}", getheader=headers.get)
    with pytest.raises(NoAnswer, match=str(status)):
        list(hammer._items(cast(HTTPResponse, answer), lines=False))
    assert len(kept.contradictions) == contradictions
