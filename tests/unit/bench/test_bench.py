"""The benchmarks' own parts: verdicts, records to send, requests."""

import json
from pathlib import Path

from edgewise import record

from audits.decisions import searching
from bench import curve, measures, results, ten_million, wire
from bench.measures import Measure
from bench.payload import EDGES, Payload


def test_a_bar_has_a_direction() -> None:
    assert Measure("a", 0.4, "ratio", at_least=0.3).ok
    assert not Measure("a", 0.2, "ratio", at_least=0.3).ok
    assert Measure("a", 4, "ms", at_most=5).ok
    assert not Measure("a", 6, "ms", at_most=5).ok


def test_json_has_the_contracts_fields() -> None:
    found = Measure("proof_ms", 1.5, "ms", at_most=5, yardstick=2.0).as_json()
    assert found == {
        "name": "proof_ms",
        "value": 1.5,
        "unit": "ms",
        "bar": "≤ 5",
        "ok": True,
        "yardstick": 2.0,
    }
    assert "yardstick" not in Measure("proof_ms", 1.5, "ms", at_most=5).as_json()


def test_the_table_says_what_is_not_reached() -> None:
    assert "not ok" in measures.lines([Measure("proof_ms", 9, "ms", at_most=5)])[2]


def test_a_small_yardstick_keeps_its_decimals() -> None:
    assert (
        " 0.123 " in measures.lines([Measure("proof_ms", 4, "ms", at_most=5, yardstick=0.123, note="n")])[2]
    )


def test_records_are_traced_where_that_is_asked_for() -> None:
    plain, traced = (Payload("bench", 1, "0" * 64, traced=traced) for traced in (False, True))
    assert "trace_id" not in json.loads(plain.batch(1))[0]
    batch = json.loads(traced.batch(70))
    assert len({each["trace_id"] for each in batch}) == len({each["span_id"] for each in batch}) == 70
    assert [each for record_ in batch for each in record.check(record_, EDGES, system="bench")] == []


def test_every_filter_offered_is_measured_alone() -> None:
    """But the system, which every search of the measurement names."""
    alone = {name for query in ten_million.QUERIES.values() for name in query if len(query) == 1}
    assert alone == set(searching.OFFERED) - {"system"}


def test_the_oldest_records_of_ten_million_carry_what_is_searched_for() -> None:
    found = ten_million.oldest(Payload("bench", 1, "0" * 64, traced=True))
    assert [each for record_ in found for each in record.check(record_, EDGES, system="bench")] == []
    for name, value in ten_million.TIES.items():
        assert [each.get(name) for each in found].count(value) == 1
    assert [each.get("kind") for each in found].count("assessment") == 1


def test_every_record_sent_is_valid_and_new() -> None:
    batch = json.loads(Payload("bench", 1, "0" * 64).batch(70))
    assert len({each["id"] for each in batch}) == 70
    for each in batch[:3]:
        assert record.check(each, EDGES, system="bench") == []
        assert 1_000 < len(json.dumps(each, separators=(",", ":"))) < 1_500


def test_a_request_states_its_length() -> None:
    found = wire.request("POST", "/x", {"A": "b"}, b"12345")
    assert found == b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\nContent-Length: 5\r\n\r\n12345"


def test_a_figure_without_a_bar_says_so() -> None:
    """It is shown beside those that have one."""
    found = Measure("cost_us_10000", 120.0, "µs")
    assert (found.bar, found.ok) == ("", True)
    assert "cost_us_10000" in measures.lines([found])[-1]


def test_the_cost_curve_shows_every_size_measured() -> None:
    """By the clock and in processor time; what is not a cost stays out of it."""
    named = {
        "cost_us_10000": 100.0,
        "cost_cpu_us_10000": 80.0,
        "cost_us_1000000": 110.0,
        "proof_ms_10000": 1.0,
    }
    found = curve.points([{"name": name, "value": value} for name, value in named.items()])
    assert sorted((point["logged"], point["cost"]) for point in found) == [
        (10_000, 80.0),
        (10_000, 100.0),
        (1_000_000, 110.0),
    ]


def test_ten_million_leaves_a_picture_beside_its_figures(tmp_path: Path) -> None:
    found = [Measure("cost_us_10000", 100.0, "us"), Measure("cost_us_1000000", 110.0, "us")]
    assert results.keep("", found, tmp_path) == [tmp_path / "bench.json"]
    figures, picture = results.keep("10m", found, tmp_path)
    assert [each["value"] for each in json.loads(figures.read_text())] == [100.0, 110.0]
    assert (figures.name, picture.name) == ("bench-10m.json", "bench-10m.svg")
    assert "Decisions in the log" in picture.read_text()


def test_growth_is_told_as_measured_and_against_what_copy_took() -> None:
    """A machine half as fast at the end makes the one double, and not the other."""
    found = [
        Measure("cost_us_10000", 100, "µs", yardstick=10), Measure("cost_cpu_us_10000", 80, "µs CPU"),
        Measure("cost_us_1000000", 220, "µs", yardstick=20), Measure("cost_cpu_us_1000000", 88, "µs CPU"),
    ]  # fmt: skip
    told = {each.name: (round(each.value, 3), each.ok) for each in ten_million.growth(found)}
    assert told == {
        "ingest_growth": (2.2, False),
        "ingest_growth_vs_copy": (1.1, True),
        "ingest_growth_cpu": (1.1, True),
    }
