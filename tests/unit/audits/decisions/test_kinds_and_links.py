"""Finding decisions by what stands in their entries only: their kind, and what ties them to others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.decisions import assessing, exploring, links, selectors
from audits.decisions.models import Block, Cursor, Posting, Segment
from tests.unit.audits.decisions import worlds
from tests.unit.audits.decisions.test_reading import person, token
from tests.unit.audits.decisions.test_record_forms import NOW, SPAN, TRACE, assessment, found, log, seen


@pytest.fixture
def world(db):
    return worlds.make(norms=[{"edge": "safety", "minimum": 0.3, "z": 0}], clarification_threshold=0.6)


@pytest.mark.parametrize("indexed", [True, False])
def test_choices_and_assessments_are_found_apart(world, indexed, monkeypatch):
    """Whatever was chosen: an assessment that lets its option through looks like a choice but for its entry."""
    monkeypatch.setattr(exploring, "STRETCH", 3)
    choices = [world.record(), world.record(chosen="remove"), *[world.record() for _ in range(5)]]
    assessed = [assessment(world), assessment(world, chosen="reply", disposition="answered")]
    log(world, *choices[:4], *assessed, *choices[4:])
    if indexed:
        assessing.assess_all(at=NOW)
    ids = [each["id"] for each in choices]
    assert found(world, kind="choice") == ids[::-1]
    assert found(world, kind="assessment") == [assessed[1]["id"], assessed[0]["id"]]
    assert found(world, kind="assessment", disposition="answered") == [assessed[1]["id"]]
    assert found(world, kind="choice", chosen="remove") == [ids[1]]
    assert found(world, kind="choice", chosen="reply") == []


def test_assessments_in_a_full_block_are_found_without_reading_the_choices(world, monkeypatch):
    seen(world, *[world.record() for _ in range(50)], assessment(world))
    looked = []
    real = selectors.stating
    monkeypatch.setattr(selectors, "stating", lambda **asked: looked.extend(asked["rows"]) or real(**asked))
    assert len(found(world, kind="assessment")) == 1
    assert len(looked) == 1


def test_pages_and_api_ask_for_a_kind_and_refuse_one_that_is_none(client, world):
    other, wanted = world.record(), assessment(world)
    seen(world, other, wanted)
    client.force_login(person(world, "auditor"))
    page = client.get("/decisions/", {"kind": "assessment"}).content.decode()
    assert "reply, assessed" in page
    assert other["id"] not in page
    listed = client.get("/api/v1/decisions", {"kind": "assessment"}).json()["results"]
    assert [each["id"] for each in listed] == [wanted["id"]]
    refused = client.get("/api/v1/decisions", {"kind": "verdict"})
    assert (refused.status_code, refused.json()["code"]) == (400, "filter_unreadable")


# What ties decisions together


@pytest.mark.parametrize("indexed", [True, False])
def test_decisions_are_found_by_what_ties_them(world, indexed):
    first = world.record(trace_id=TRACE, span_id=SPAN, clarification="dialog-7")
    second = world.record(trace_id=TRACE, parent=first["id"].upper())
    third = world.record(context={"trace_id": TRACE})
    log(world, first, second, third)
    if indexed:
        assessing.assess_all(at=NOW)
    assert found(world, trace_id=TRACE) == [second["id"], first["id"]]
    assert found(world, trace_id=TRACE.upper()) == []
    assert found(world, trace_id=TRACE, span_id=SPAN) == [first["id"]]
    assert found(world, parent=first["id"]) == [second["id"]]
    assert found(world, clarification="dialog-7", chosen="label") == [first["id"]]
    assert found(world, clarification="dialog-7", chosen="remove") == []
    assert found(world, span_id="nothing") == []


def test_a_link_in_a_full_block_is_found_without_reading_the_others(world, monkeypatch):
    """Two terms of a thousand each name the decision; hardly another is looked at."""
    records = [world.record(trace_id=f"{n:032x}") for n in range(300)]
    seen(world, *records)
    looked = []
    plain = selectors.stating
    monkeypatch.setattr(
        selectors,
        "stating",
        lambda *, rows, filters: looked.append(len(rows)) or plain(rows=rows, filters=filters),
    )
    assert found(world, trace_id=records[123]["trace_id"]) == [records[123]["id"]]
    assert sum(looked) <= 3
    assert Block.objects.count() == 1
    assert Posting.objects.count() <= 2 * links.BUCKETS + 20


def test_a_log_without_links_pays_nothing_for_them(world):
    seen(world, *[world.record() for _ in range(5)])
    assert bytes(Segment.objects.get().links) == b""
    tied = {term for name in links.LINKS for half in links.HALVES for term in links._terms(name, half)}
    assert not Posting.objects.filter(term__in=tied).exists()
    assert Cursor.objects.get().searchable == Cursor.objects.get().next


def test_the_page_leads_to_the_decision_it_follows_and_to_those_that_follow_it(client, world):
    first = world.record(trace_id=TRACE, clarification="dialog-7")
    second = world.record(trace_id=TRACE, span_id=SPAN, parent=first["id"])
    lost = world.record(parent="not here")
    seen(world, first, second, lost)
    auditor = person(world, "auditor")
    told = client.get(f"/api/v1/decisions/{first['id']}", **token(auditor, world)).json()
    assert told["following"] == [second["id"]]
    assert told["links"] == {"trace_id": TRACE, "span_id": None, "parent": None, "clarification": "dialog-7"}
    listed = client.get(f"/api/v1/decisions?trace_id={TRACE}", **token(auditor, world)).json()["results"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    client.force_login(auditor)
    assert f"/decisions/{second['id']}/" in client.get(f"/decisions/{first['id']}/").content.decode()
    page = client.get(f"/decisions/{second['id']}/").content.decode()
    assert f"/decisions/{first['id']}/" in page
    assert f"trace_id={TRACE}" in page
    assert SPAN in page
    assert client.get(f"/decisions/{lost['id']}/").status_code == 200
    searched = client.get(f"/decisions/?system={world.system.slug}&trace_id={TRACE}").content.decode()
    assert "<details" in searched
    assert f"/decisions/{first['id']}/" in searched
    assert f"/decisions/{lost['id']}/" not in searched


@given(st.sampled_from(links.LINKS), st.text(min_size=1), st.text(min_size=1))
def test_a_link_is_named_by_its_own_terms(name, one, other):
    """Whatever a record says is found under the terms of the same value; other values seldom share both."""
    stated = links.digests([{name: one}])
    carried = {term for term, _rows in links.values(stated)}
    assert carried == set(links.terms(name, one))
    assert links.unpack(links.pack(stated), 1).tolist() == stated.tolist()
    if links.said(name, one) == links.said(name, other):
        assert set(links.terms(name, other)) == carried
