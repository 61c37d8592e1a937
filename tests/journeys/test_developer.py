"""A model developer's first ten minutes: register a system, give it edges and weights, get a key, post a decision."""

import re
import urllib.error
import urllib.request

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


def test_a_token_reads_and_acts_only_where_that_was_chosen(visitor: Visitor, place: Town) -> None:
    """The page says which token may do what, also on a phone; the API holds them to it."""
    visitor.sign_in("admin", PASSWORD)
    visitor.go("/account/")
    reading = _token(visitor, "minutes", "change nothing")
    visitor.at_phone()
    acting = _token(visitor, "scheduler", "whatever you may do yourself")
    rows = visitor.page.locator("#tokens ~ * tbody tr, #tokens tbody tr").all_inner_texts()
    assert [("read and act" in row) for row in rows] == [True, False]
    assert _asked(visitor.url, reading) == 200
    assert _asked(visitor.url, reading, b"{}") == 403
    assert _asked(visitor.url, acting, b"{}") in {400, 422}


def _token(visitor: Visitor, label: str, may: str) -> str:
    visitor.fill("What it is for", label)
    visitor.page.get_by_label(may).check()
    visitor.press("Create token")
    return visitor.page.locator(".secret").inner_text().split()[-1]


def _asked(url: str, token: str, body: bytes | None = None) -> int:
    """The status of reading legal holds, or of placing one."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{url}/api/v1/holds", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
