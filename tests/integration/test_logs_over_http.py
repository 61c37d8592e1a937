"""A running Edgewise's logs, read over real HTTP by software that knows only the specifications."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from audits.ledger import selectors
from audits.ledger.models import Log
from governance.access import services as access
from tests.independent_reader import reader
from tests.live import LiveEdgewise
from tests.unit.audits.ledger import worlds

READER = Path(reader.__file__)


@pytest.fixture(scope="module")
def public_log(live_edgewise: LiveEdgewise) -> Log:
    """600 entries; the web server's own thread seals them."""
    log = worlds.empty_log(worlds.make_organisation("open", public=True))
    worlds.fill(log, 0, 600)
    return log


def url_of(live: LiveEdgewise, log: Log) -> str:
    return f"{live.url}/log/{log.organisation.slug}/{log.slug}"


def wait_until_sealed(log: Log, size: int) -> float:
    began = time.monotonic()
    while selectors.published_size(log=log) < size:
        assert time.monotonic() < began + 10
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_log_is_sealed_within_a_second_and_verifies(live_edgewise: LiveEdgewise, public_log: Log) -> None:
    """By the independent reader in a process of its own, by either key; every receipt beside it."""
    wait_until_sealed(public_log, 600)
    worlds.fill(public_log, 600, 613)
    assert wait_until_sealed(public_log, 613) < 1
    for vkey in selectors.vkeys(log=public_log):
        command = [sys.executable, str(READER), url_of(live_edgewise, public_log), vkey]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "613 entries" in done.stdout


def test_the_command_line_of_the_sdk_verifies_the_same(live_edgewise: LiveEdgewise, public_log: Log) -> None:
    """`edgewise verify URL`, with the keys that the server states."""
    wait_until_sealed(public_log, 600)
    command = [sys.executable, "-m", "edgewise", "verify", url_of(live_edgewise, public_log), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_private_log_opens_to_a_token_only(live_edgewise: LiveEdgewise) -> None:
    """The auditor's token reads it all; without one it is as if absent."""
    organisation = worlds.make_organisation("closed")
    auditor = worlds.make_person(organisation, "ada")
    log = worlds.empty_log(organisation)
    worlds.fill(log, 0, 300)
    wait_until_sealed(log, 300)
    _, token = access.create_personal_token(
        person=auditor, organisation=organisation, label="reads", by=auditor, at=worlds.AT
    )
    vkey = selectors.vkeys(log=log)[0]
    assert reader.verify_log(reader.over_http(url_of(live_edgewise, log), token), vkey).size == 300
    with pytest.raises(reader.LogError, match="404"):
        reader.verify_log(reader.over_http(url_of(live_edgewise, log)), vkey)
