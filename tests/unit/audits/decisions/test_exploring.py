"""The explorer's search: postings and columns find exactly what the rows say, in order, from any place."""

import datetime as dt
import itertools
import json
import random

import numpy as np
import pytest
from django.db import transaction
from edgewise import merkle
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import (
    assessing,
    candidates,
    erasing,
    exploring,
    postings,
    renewing,
    selectors,
    services,
)
from audits.decisions.models import Assessment, Block, Cursor, Decision, Posting, Segment
from audits.decisions.selectors import Filters
from audits.ledger import selectors as ledger
from audits.ledger.models import Head
from tests.unit.audits.decisions import worlds

NOW = worlds.START + dt.timedelta(days=9)


@pytest.fixture
def world(db):
    return worlds.make(norms=[{"edge": "safety", "minimum": 0.3, "z": 0}])


def records(world, count):
    """Decisions that differ in everything a filter asks for."""
    rng = random.Random(4)
    for number in range(count):
        moment = worlds.START + dt.timedelta(hours=number % 7, seconds=number)
        scores = [
            (rng.choice((0.2, 0.5, 0.9)), rng.choice((0.1, 0.8)), rng.choice((0.4, 0.6))) for _ in range(2)
        ]
        yield world.record(
            occurred_at=moment.isoformat(),
            context={"community": rng.choice(("de", "fr")), "ticket": f"t{number}"},
            options=[worlds.option("label", scores[0]), worlds.option("remove", scores[1])],
            chosen=rng.choice(("label", "remove")),
            disposition=rng.choice(("answered", "escalated")),
            model_version=rng.choice(("1.0", "1.1")),
        )


def log(world, given):
    lines = [json.dumps(each).encode() for each in given]
    outcomes = services.log(system=world.system, records=lines, at=NOW)
    assert {outcome.status for outcome in outcomes} == {"logged"}


FILTERS = [
    Filters(),
    Filters(chosen="remove"),
    Filters(chosen="never an option"),
    Filters(disposition="escalated", model_version="1.1"),
    Filters(driving_edge="privacy"),
    Filters(verdict="any"),
    Filters(verdict="norm_violation", context={"community": "fr"}),
    Filters(margin_below=-9.0),
    Filters(margin_below=-0.3),
    Filters(margin_below=0.0),
    Filters(margin_below=0.16),
    Filters(margin_below=2.0, chosen="label"),
    Filters(context={"ticket": "t3"}),
    Filters(context={"ticket": "t3", "community": "nowhere"}),
    Filters(start=worlds.START + dt.timedelta(hours=2)),
    Filters(end=worlds.START + dt.timedelta(hours=2), verdict="any"),
    Filters(
        start=worlds.START + dt.timedelta(hours=3, seconds=10),
        end=worlds.START + dt.timedelta(hours=3, seconds=40),
    ),
    Filters(start=worlds.START + dt.timedelta(days=1)),
    Filters(
        driving_edge="expression",
        chosen="label",
        disposition="answered",
        context={"community": "de"},
        margin_below=0.3,
    ),
]


def expected(world, filters):
    found = selectors.matching(system_id=world.system.pk, filters=filters).order_by("-index")
    return list(found.values_list("index", flat=True))


def pages(world, filters, size):
    """Every page from the newest on, and back again from the last."""
    onward, place = [], None
    while True:
        page = exploring.search(organisation=world.organisation, filters=filters, after=place, size=size)
        onward.append([row.decision.index for row in page.rows])
        if page.next is None:
            break
        place = page.next
    backward, place = [onward[-1]], page.previous
    while place is not None:
        page = exploring.search(organisation=world.organisation, filters=filters, before=place, size=size)
        backward.append([row.decision.index for row in page.rows])
        place = page.previous
    return onward, backward[::-1]


@pytest.mark.parametrize("indexed", ["all", "half", "none"])
def test_a_search_finds_what_the_rows_say(world, indexed, monkeypatch):
    """Whatever part of the log has been indexed, over the border of two blocks, in pages, there and back."""
    monkeypatch.setattr(candidates, "WINDOW", 1)
    monkeypatch.setattr(candidates, "FIRST_RUN", 3)
    monkeypatch.setattr(exploring, "STRETCH", 5)
    # Without an index there are no blocks, and every place before would be looked at.
    start_at(world, 20 if indexed == "none" else postings.BLOCK - 20)
    log(world, records(world, 40))
    if indexed != "none":
        assessing.assess_all(at=NOW)
    if indexed != "all":
        log(world, [world.record(context={"community": "fr"}) for _ in range(9)])
    for filters in FILTERS:
        wanted = expected(world, filters)
        onward, backward = pages(world, filters, 7)
        assert list(itertools.chain(*onward)) == wanted, filters
        assert list(itertools.chain(*backward)) == wanted, filters
        assert all(len(page) == 7 for page in onward[:-1])


def start_at(world, size):
    """Moves the system's log on, as if it held ``size`` entries."""
    frontier = merkle.Frontier()
    frontier.append([bytes(32)] * size)
    log = ledger.log_of(organisation=world.organisation, system=world.system)
    Head.objects.filter(log=log).update(size=size, edge=frontier.to_bytes())


def test_postings_are_built_bit_by_bit_and_all_at_once_alike(world, monkeypatch):
    """A block that fills slowly ends up as one that was indexed at a stroke, and as one built again."""
    given = list(records(world, 30))
    for start in range(0, 30, 7):
        log(world, given[start : start + 7])
        assessing.assess_all(at=NOW)
    slowly = built(world)
    assert len(slowly[0]) > 40
    Posting.objects.all().delete()
    Block.objects.all().delete()
    Cursor.objects.update(searchable=0)
    assert assessing.behind() == [world.system]
    assert assessing.assess_all(at=NOW) == 0
    assert built(world) == slowly


def built(world):
    rows = Posting.objects.filter(system=world.system).order_by("term").values_list("term", "block", "places")
    (block,) = Block.objects.filter(system=world.system)
    columns = (
        block.starts_at,
        block.ends_at,
        block.exact,
        bytes(block.seconds),
        bytes(block.margins),
        block.least_margin,
    )
    return [(term, number, bytes(places)) for term, number, places in rows], columns


def test_an_attribute_with_many_values_does_not_fill_the_table(world, monkeypatch):
    """Past the limit its values share buckets, and are found all the same."""
    monkeypatch.setattr(postings, "EXACT_TERMS", 5)
    monkeypatch.setattr(postings, "BUCKETS", 3)
    log(world, records(world, 40))
    assessing.assess_all(at=NOW)
    (block,) = Block.objects.all()
    assert block.exact["context.ticket"] == 5
    assert Posting.objects.count() < 5 + 3 + 25
    for number in (0, 4, 5, 39):
        page = exploring.search(
            organisation=world.organisation, filters=Filters(context={"ticket": f"t{number}"})
        )
        assert [row.decision.context["ticket"] for row in page.rows] == [f"t{number}"]


def test_a_search_that_looks_at_too_much_says_how_far_it_came(world, monkeypatch):
    """It stops at the bound, keeps what it found, and its cursor goes on from there; nothing is left out."""
    monkeypatch.setattr(exploring, "MOST", 10)
    monkeypatch.setattr(exploring, "STRETCH", 4)
    log(world, records(world, 40))
    filters = Filters(context={"ticket": "t3"})
    first = exploring.search(organisation=world.organisation, filters=filters)
    assert (first.rows, first.searched_to) == ([], NOW)
    assert first.next is not None
    onward, _back = pages(world, filters, 50)
    assert list(itertools.chain(*onward)) == expected(world, filters)
    assert len(onward) == 4
    assessing.assess_all(at=NOW)
    whole = exploring.search(organisation=world.organisation, filters=filters)
    assert (len(whole.rows), whole.searched_to, whole.next) == (1, None, None)


def test_the_newest_systems_come_first_where_no_system_is_named(world):
    """One list over all systems of the organisation, and of no other."""
    other = worlds.make("south")
    log(world, records(world, 5))
    log(other, [other.record()])
    found = exploring.search(organisation=world.organisation, filters=Filters(disposition="answered"))
    assert {row.decision.system_id for row in found.rows} == {world.system.pk}


def test_the_count_of_all_decisions_includes_those_not_assessed(world):
    log(world, records(world, 5))
    assessing.assess_all(at=NOW)
    log(world, [world.record()])
    assert selectors.count(system=world.system) == Decision.objects.filter(system=world.system).count() == 6


def test_what_was_computed_with_personal_weights_leaves_the_index_with_them(world):
    """Deciding edge and margin of an emptied decision are not in any posting or column; its neighbour's stay."""
    given = [world.record(weights={"safety": 0.2, "privacy": 0.2, "expression": 0.6}) for _ in range(2)]
    log(world, given)
    assessing.assess_all(at=NOW)
    first, second = Decision.objects.order_by("index").values_list("index", flat=True)
    (block,) = Block.objects.all()
    before = np.frombuffer(block.margins, "<u2")
    assert before[first] == before[second] != postings.NO_MARGIN
    with transaction.atomic():
        erasing.empty(system=world.system, indexes=[first])
    block.refresh_from_db()
    after = np.frombuffer(block.margins, "<u2")
    assert (after[first], after[second]) == (postings.NO_MARGIN, before[second])
    posting = Posting.objects.get(term=postings.term("driving_edge", "expression"))
    assert postings.places(postings.bitmap(bytes(posting.places))).tolist() == [second]


@given(st.lists(st.integers(0, postings.BLOCK - 1), unique=True).map(sorted))
def test_places_survive_their_encoding(places):
    """As a list or as a bitmap, never longer than a bitmap."""
    data = postings.encode(np.array(places, np.uint16))
    assert len(data) <= postings.BITMAP_BYTES
    assert postings.places(postings.bitmap(data)).tolist() == places


@pytest.mark.parametrize("count", [0, 511, 512, 8192])
def test_places_survive_around_the_change_from_list_to_bitmap(count):
    places = np.arange(count).astype(np.uint16)
    assert postings.places(postings.bitmap(postings.encode(places))).tolist() == list(range(count))


@pytest.mark.parametrize(
    ("rule", "bounds"), [("weighted_sum", (-0.9, -0.25, 0, 0.2)), ("nash", (-9, -1.1, 2))]
)
def test_a_search_by_margin_looks_at_no_other_decision(db, rule, bounds):
    """Of either sign, however far from 0: not one candidate in vain."""
    world = worlds.make(rule=rule)
    log(world, [*records(world, 60), tie(world)])
    assessing.assess_all(at=NOW)
    margins = Assessment.objects.values_list("margin", flat=True)
    assert min(margins) < bounds[1] < 0 < max(margins)
    for bound in bounds:
        filters = Filters(margin_below=bound)
        assert looked_at(world, filters) == expected(world, filters)


def tie(world):
    """A decision whose margin is 0."""
    return world.record(options=[worlds.option(name, (0.5, 0.5, 0.5)) for name in ("label", "remove")])


def looked_at(world, filters):
    runs = candidates.runs(
        system_id=world.system.pk, filters=filters, within=range(2 * postings.BLOCK), newest_first=True
    )
    return list(itertools.chain(*runs))


def test_blocks_without_a_margin_below_are_not_read(world, monkeypatch):
    """Of a long log with no such margin, or few, hardly a column is read."""
    start_at(world, postings.BLOCK - 20)
    low = [worlds.option("label", (0, 0.2, 0.1)), worlds.option("remove", (0.9, 0.9, 0.9))]
    log(world, [*[world.record() for _ in range(30)], world.record(options=low)])
    assessing.assess_all(at=NOW)
    read = []
    monkeypatch.setattr(candidates, "_masks", lambda *asked: read.append(asked[2]) or masks(*asked))
    assert looked_at(world, Filters(margin_below=-0.9)) == []
    assert looked_at(world, Filters(margin_below=-0.5)) == expected(world, Filters(margin_below=-0.5))
    assert list(itertools.chain(*read)) == [1]


masks = candidates._masks


def test_margins_kept_in_earlier_steps_mislead_no_search(db, monkeypatch):
    """Until its last segment is renewed, a log is searched as if its margins were not kept; then by today's steps."""
    monkeypatch.setattr(assessing, "CHUNK", 20)
    world = worlds.make()
    sure = [worlds.option("label", (1, 1, 1)), worlds.option("remove", (0, 0, 0.05))]
    log(world, [*records(world, 30), world.record(options=sure), tie(world), *records(world, 8)])
    assessing.assess_all(at=NOW)
    today = built(world)
    as_of_form_two(world)
    assert built(world) != today
    firsts = list(Segment.objects.order_by("first").values_list("first", flat=True))
    assert len(firsts) == 2
    filters = [Filters(margin_below=bound) for bound in (-0.3, 0, 0.16, 0.99, 2)]
    for first in firsts:
        assert [found(world, each) for each in filters] == [expected(world, each) for each in filters]
        assert renewing.renew(system=world.system, first=first) == 1
    assert [looked_at(world, each) for each in filters] == [expected(world, each) for each in filters]
    assert built(world) == today


def found(world, filters):
    return list(itertools.chain(*pages(world, filters, 50)[0]))


def as_of_form_two(world):
    """Margins in 65,000 steps of a share of 1, all negative ones as 0."""
    known = dict(Assessment.objects.values_list("index", "margin"))
    (block,) = Block.objects.filter(system=world.system)
    codes = np.frombuffer(block.margins, "<u2").copy()
    for index, margin in known.items():
        codes[index] = 0 if margin < 0 else 1 + int(margin * 65_000)
    block.margins, block.least_margin = codes.tobytes(), 0
    block.save()
    Segment.objects.update(form=2)


MARGINS = st.floats(-1.1, 1.1) | st.floats(-20, 20) | st.sampled_from((-1.0, 0.0, 0.03, 1.0))


@given(MARGINS, MARGINS)
def test_no_margin_below_a_bound_is_passed_over(margin, below):
    """The code may let a margin through that is not below; never the other way round."""
    (code,) = postings.margin_codes(np.array([margin]))
    assert margin >= below or code <= postings.margin_limit(below)


@pytest.mark.parametrize("below", [-1.0, -0.9, -1e-4, 0.0, 1e-4, 1.0, 13.0])
def test_the_margins_next_below_a_bound_are_not_passed_over(below):
    """However close they are."""
    code, at = postings.margin_codes(np.array([np.nextafter(below, -np.inf), below]))
    assert code <= postings.margin_limit(below) <= at


@given(st.floats(-1, 0.9999), st.floats(-13.9, 13.9))
def test_margins_a_step_above_a_bound_are_passed_over(near, far):
    """A 30,000th up to 1 on either side, a 200th as far as a margin can lie."""
    for below, step in ((near, 1 / 30_000), (far, 1 / 200)):
        (code,) = postings.margin_codes(np.array([below + 1.001 * step]))
        assert code > postings.margin_limit(below)


def test_a_tie_is_not_taken_for_a_negative_margin():
    assert postings.margin_codes(np.array([0.0]))[0] > postings.margin_limit(0.0)


def test_no_margin_is_below_no_bound():
    assert postings.margin_codes(np.array([np.nan]))[0] == postings.NO_MARGIN > postings.margin_limit(1e9)
    assert postings.margin_limit(float("inf")) < postings.NO_MARGIN
