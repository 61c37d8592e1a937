"""A model developer's first ten minutes: register a system, give it edges and weights, get a key, post a decision."""

import re

from tests.journeys import town
from tests.journeys.town import PASSWORD, Town
from tests.journeys.visitor import Visitor


def test_a_developer_registers_a_system_and_its_model_posts_the_first_decision(
    visitor: Visitor, place: Town
) -> None:
    visitor.sign_in("owner", PASSWORD)
    visitor.follow("How systems decide")
    visitor.follow("Register a system")
    visitor.fill("Name", "Letter sorter")
    visitor.fill("Short name", "letters")
    visitor.fill("Intended purpose", "Sorts incoming letters by urgency.")
    visitor.fill("Why this class", "Not listed in Annex III.")
    visitor.press("Register system")
    visitor.follow("Define edges")
    for row, (slug, name) in enumerate({"safety": "Safety", "privacy": "Privacy"}.items()):
        for field, value in (("slug", slug), ("name", name), ("definition", "What it judges.")):
            visitor.page.fill(f"[name=edge-{row}-{field}]", value)
        for anchor in ("low", "mid", "high"):
            visitor.page.fill(f"[name=edge-{row}-anchor_{anchor}]", f"What {anchor} means.")
    visitor.press("Define these edges")
    visitor.go("/systems/letters/policy/")
    visitor.follow("Set the first policy")
    visitor.page.fill("[name=points-safety]", "60")
    visitor.page.fill("[name=points-privacy]", "30")
    assert visitor.sees("10 points left to place")
    visitor.page.fill("[name=points-privacy]", "40")
    visitor.press("Put in force")
    assert visitor.sees("without a vote")
    visitor.go("/systems/letters/keys/")
    visitor.fill("What it is for", "first model")
    visitor.press("Create key")
    secret = re.search(r"ew_[\w-]{20,}", visitor.page.locator(".secret").inner_text())
    assert secret
    scores = {"first": {"safety": 0.9, "privacy": 0.8}, "later": {"safety": 0.4, "privacy": 0.9}}
    assert town.decide(visitor.url, secret[0], "letters", **scores)["status"] == "logged"
