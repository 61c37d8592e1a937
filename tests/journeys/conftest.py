"""A browser that scans every page it opens for accessibility, and the town whose members it acts for."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from tests import live
from tests.journeys import town
from tests.journeys.town import Town
from tests.journeys.visitor import CHROMIUM, FLAGS, Visitor

# Somebody else's scorer, within reach of the live worker.
SCORERS = {"EDGEWISE_RESCORERS": '{"house": "tests.unit.audits.rescoring.worlds.house"}'}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    if not os.path.exists(CHROMIUM):
        pytest.fail(
            f"{CHROMIUM} is missing; `make setup` names the system packages and installs them as root."
        )
    # Playwright's synchronous API keeps an event loop in this thread, where Django's own calls are safe all the same.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def edgewise(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[live.LiveEdgewise]:
    """One live Edgewise for all journeys, whole: web server, worker, and the clock that keeps deadlines."""
    with django_db_blocker.unblock(), live.edgewise(template_database, **SCORERS) as whole:
        whole.start_worker()
        whole.start_beat()
        yield whole


@pytest.fixture(scope="package")
def place(edgewise: live.LiveEdgewise) -> Town:
    """An organisation with a system, a policy and people."""
    return town.build()


@pytest.fixture
def visitor(browser: Browser, edgewise: live.LiveEdgewise) -> Iterator[Visitor]:
    """A person at a desk; `visitor.at_phone()` hands them a phone."""
    someone = Visitor.open(browser, edgewise.url)
    yield someone
    someone.close()
    assert someone.findings == [], "axe found:\n" + "\n".join(someone.findings)
    said = edgewise.children["web"].last_words(60) if someone.complaints else ""
    assert someone.complaints == [], "the browser complained:\n" + "\n".join([*someone.complaints, said])
