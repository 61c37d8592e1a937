"""The component kit: figures as the design writes them, and components that need no inline style."""

import datetime as dt
from fractions import Fraction

import pytest
from django.template import Context, Template

from governance.templatetags import formats, weights

NB = "\N{NO-BREAK SPACE}"


def render(source: str, **values) -> str:
    return Template("{% load kit %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.number(184206), "184,206"),
        (formats.number(-0.082, 3), "−0.082"),
        (formats.number(-0.0004, 3), "0.000"),
        (formats.number(None), "–"),
        (formats.percent(0.061), f"6.1{NB}%"),
        (formats.percent(1, 0), f"100{NB}%"),
        (formats.points(Fraction(9, 28), 2), "32.14"),
        (formats.signed(0.28), "+0.28"),
        (formats.signed(0), "0.00"),
        (formats.signed_points(Fraction(-1, 20)), "−5"),
        (formats.fours("b7d240fe91"), "b7d2 40fe 91"),
    ],
)
def test_figures_are_written_as_the_design_says(written: str, expected: str) -> None:
    assert written == expected


def test_a_time_on_record_is_in_utc_whatever_zone_it_came_in() -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    at = dt.datetime(2026, 11, 12, 10, 41, 7, tzinfo=berlin)
    assert formats.record_time(at) == f"12 Nov 2026, 09:41:07{NB}UTC"
    assert formats.moment(at, "date") == "12 November 2026"


def test_a_bar_never_leaves_its_track() -> None:
    assert 'width="100"' in render("{% bar 3 1 %}")
    assert '<rect class="b-fill" width="0"' in render("{% bar -1 1 %}")
    assert '<rect class="b-fill" width="0"' in render("{% bar 1 0 %}")


def test_an_edge_beyond_the_eighth_slot_repeats_a_pattern_but_keeps_its_name() -> None:
    assert "sw e1" in render("{% edge 'Ninth' 9 %}")
    assert "Ninth" in render("{% edge 'Ninth' 9 %}")


def test_a_component_escapes_what_it_is_given() -> None:
    for source in (
        "{% tag 'good' x %}",
        "{% edge x 1 %}",
        "{% hash x 'Leaf' %}",
        "{% callout '' x %}{% endcallout %}",
    ):
        assert "<b>" not in render(source, x="<b>")


def test_weights_change_by_what_was_moved_between_edges() -> None:
    names = {"safety": "Safety", "privacy": "Privacy"}
    table = weights.table(names, {"safety": "1/4", "privacy": "3/4"}, {"safety": 0.5, "privacy": 0.5})
    assert [(row.slot, row.change) for row in table["rows"]] == [(1, -0.25), (2, 0.25)]
    assert (table["moved"], table["total_new"], table["places"]) == (0.25, 1.0, 0)


def test_uneven_weights_are_shown_with_two_places() -> None:
    assert weights.table({"a": "A", "b": "B"}, {"a": "1/3", "b": "2/3"})["places"] == 2


def test_a_copied_hash_has_no_spaces() -> None:
    shown = render("{% hash value 'Leaf hash' %}", value="b7d240fe")
    assert 'data-copy="b7d240fe"' in shown
    assert ">b7d2 40fe<" in shown
