"""A council member's journey, from signing in to the weights that their vote set; by mouse, by keyboard, on a phone."""

import pytest
from django.utils import timezone

from tests import live
from tests.journeys import town, vote
from tests.journeys.town import PASSWORD, Town
from tests.journeys.visitor import Visitor

CLOSES_WITHIN = 40


def test_a_member_votes_sees_the_vote_counted_and_finds_the_new_weights_in_force(
    visitor: Visitor, place: Town
) -> None:
    opened = vote.open_in(place, slug="first", seated=place.people["member"])
    vote.others_vote(opened)
    visitor.sign_in("member", PASSWORD)
    visitor.follow("Inbox")
    visitor.follow("Fill in")
    visitor.go(f"/proposals/{opened.proposal.pk}/")
    assert visitor.sees("Give expression more room")
    visitor.follow("Fill in your ballot")
    for edge, points in {"safety": 30, "privacy": 30, "expression": 30}.items():
        visitor.page.fill(f"[name=points-{edge}]", str(points))
    assert visitor.sees("10 points left to place")
    visitor.page.get_by_label("Agree", exact=False).first.check()
    visitor.press("Review ballot")
    assert visitor.sees("10 points left")
    visitor.page.fill("[name=points-expression]", "40")
    visitor.press("Review ballot")
    visitor.press("Cast vote")
    assert visitor.heading == "Cast"
    vote.bring_the_deadline_forward(opened)
    live.wait_for(
        lambda: _shows(visitor, f"/proposals/{opened.proposal.pk}/results/", "Passed"), seconds=CLOSES_WITHIN
    )
    visitor.look()
    live.wait_for(
        lambda: _shows(visitor, "/systems/moderation/policy/", "A council voted"), seconds=CLOSES_WITHIN
    )
    visitor.look()
    assert visitor.sees("Policy 2")
    assert (
        visitor.page.locator("tr", has_text="Freedom of expression").first.locator("td").nth(1).inner_text()
        != "20"
    )


def test_a_ballot_can_be_cast_with_the_keyboard_alone(visitor: Visitor, place: Town) -> None:
    person = town.person(place.organisation, "keys", "member", timezone.now(), "Member 7 (Youth)")
    opened = vote.open_in(place, slug="second", seated=person)
    visitor.sign_in("keys", PASSWORD)
    visitor.go(f"/proposals/{opened.proposal.pk}/ballot/")
    keys = visitor.page.keyboard
    _tab_to(visitor, "[name=points-safety]")
    keys.type("50")
    _tab_to(visitor, "[name=points-privacy]")
    keys.type("50")
    _tab_to(visitor, "[name=points-expression]")
    keys.type("0")
    _tab_to(visitor, "[name=stance]")
    keys.press("Space")
    _tab_to(visitor, "button[value=review]")
    visitor.press_enter()
    _tab_to(visitor, "button[value=cast]")
    visitor.press_enter()
    assert visitor.heading == "Cast"


def test_a_ballot_fits_a_phone_and_works_without_scripts(visitor: Visitor, place: Town) -> None:
    person = town.person(place.organisation, "phone", "member", timezone.now(), "Member 8 (Youth)")
    opened = vote.open_in(place, slug="third", seated=person)
    visitor.at_phone()
    visitor.sign_in("phone", PASSWORD)
    for path in ("/", "/inbox/", "/proposals/", f"/proposals/{opened.proposal.pk}/", "/systems/moderation/"):
        visitor.go(path)
    plain = visitor.without_scripts()
    plain.goto(f"/proposals/{opened.proposal.pk}/ballot/?from=suggestion")
    plain.check("#stance-agree")
    plain.click("button[value=review]")
    plain.click("button[value=cast]")
    assert plain.locator("h1").inner_text() == "Cast"
    plain.context.close()


def _shows(visitor: Visitor, path: str, words: str) -> bool:
    visitor.page.goto(path)
    return visitor.sees(words)


def _tab_to(visitor: Visitor, selector: str) -> None:
    """Presses Tab until the element has the focus; every step has to show where the focus is."""
    for _press in range(80):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("s => document.activeElement.matches(s)", selector):
            assert visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key")
