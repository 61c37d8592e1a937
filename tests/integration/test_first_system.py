"""docs/first-system.md, followed word by word: its commands in a shell, its pages as a person fills them in."""

import os
import shlex
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from audits.decisions.models import Decision
from governance.access.models import ApiKey
from governance.organisations.models import Organisation
from governance.policies import signing
from governance.systems.models import AISystem
from tests.integration import shell_blocks

FOUND, REGISTER, KEY, POST = shell_blocks.of("docs/first-system.md")
EDGES = ("urgency", "privacy")


@dataclass
class Followed:
    """What the commands printed."""

    registered: str
    posted: str


@pytest.fixture(scope="module")
def followed(live_edgewise, tmp_path_factory) -> Followed:
    place = shell_blocks.checkout(tmp_path_factory.mktemp("checkout"))
    told = {
        "EDGEWISE_URL": live_edgewise.url,
        "EDGEWISE_POLICY_VKEY": signing.vkey(),
        "PATH": f"{place / '.venv/bin'}:{os.environ['PATH']}",
    }
    environment = live_edgewise.environment | told
    password, registered = shell_blocks.run([FOUND, REGISTER], place, environment)
    _on_the_pages(password.strip())
    _nothing, posted = shell_blocks.run([KEY, POST], place, environment)
    return Followed(registered, posted)


def _on_the_pages(password: str) -> None:
    """Ada gives herself a role, defines two edges and shares 100 points."""
    browser = Client()
    assert browser.login(username="ada", password=password)
    ada = Organisation.objects.get(slug="acme").memberships.get().person
    _send(browser, "/people/roles/give/", {"person": ada.pk, "role": "owner"})
    _send(browser, "/systems/letters/edges/define/", _cards())
    _send(browser, "/systems/letters/policy/first/", {
        "rule": "weighted_sum", "points-urgency": 60, "points-privacy": 40,
    })  # fmt: skip


def _send(browser: Client, page: str, form: dict[str, Any]) -> None:
    """Accepted forms lead on; refused ones come back."""
    answer = browser.post(page, form)
    assert answer.status_code == 302, answer.content.decode()


def _cards() -> dict[str, Any]:
    form: dict[str, Any] = {"edge-TOTAL_FORMS": len(EDGES), "edge-INITIAL_FORMS": 0}
    for row, slug in enumerate(EDGES):
        card = {"slug": slug, "name": slug.capitalize(), "definition": f"Whether {slug} is served."}
        card |= {f"anchor_{anchor}": f"What {anchor} means." for anchor in ("low", "mid", "high")}
        form |= {f"edge-{row}-{name}": value for name, value in card.items()}
    return form


def test_the_organisation_has_one_administrator_who_became_its_owner(followed):
    organisation = Organisation.objects.get(slug="acme")
    assert {(each.person.username, each.role) for each in organisation.memberships.all()} == {
        ("ada", "admin"),
        ("ada", "owner"),
    }


def test_the_system_is_registered(followed):
    assert followed.registered.strip() == "Letter sorter is registered as acme/letters."
    assert AISystem.objects.get(organisation__slug="acme").risk_class == "minimal"


def test_the_key_is_the_systems_own(followed):
    (key,) = ApiKey.objects.all()
    assert (key.system.slug, key.label) == ("letters", "first model")


def test_the_first_decision_is_in_the_log(followed):
    (decision,) = Decision.objects.filter(system__slug="letters")
    assert followed.posted.strip() == f"logged as entry {decision.index}"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("found_organisation acme --name Acme --admin eve", "slug_taken"),
        ("found_organisation other --name Other --admin ada", "username_taken"),
        ("register_system acme letters --name L --purpose P --risk-class minimal --risk-reasoning R", "system_exists"),
        ("register_system nobody l --name L --purpose P --risk-class minimal --risk-reasoning R", "no organisation"),
        ("create_api_key acme nothing", "no system acme/nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(followed, command, code):
    """With its code or what is missing; nothing is left of it."""
    with pytest.raises(CommandError, match=code):
        call_command(*shlex.split(command))
    assert not Organisation.objects.exclude(slug="acme").exists()
