"""How often one key may post, also where that is less than once a second."""

from types import SimpleNamespace

import pytest

from audits.decisions import throttling
from governance.access.models import ApiKey


@pytest.fixture
def ask(monkeypatch):
    """Asks at a moment of a clock that does not run by itself; the seconds to wait, or None."""
    monkeypatch.setattr(throttling, "_buckets", {})

    def ask(now):
        monkeypatch.setattr(throttling, "time", SimpleNamespace(monotonic=lambda: now))
        throttle = throttling.PerKey()
        allowed = throttle.allow_request(SimpleNamespace(auth=ApiKey(pk=1)), None)
        return None if allowed else throttle.wait()

    return ask


def test_a_rate_below_one_lets_one_through_and_names_the_wait(ask, monkeypatch):
    monkeypatch.setattr(throttling, "RATE", 0.5)
    assert [ask(0), ask(0), ask(1), ask(2), ask(3)] == [None, 2, 1, None, 1]
    assert [ask(100), ask(100)] == [None, 2]


def test_after_a_quiet_second_as_many_as_the_rate_come_at_once(ask, monkeypatch):
    monkeypatch.setattr(throttling, "RATE", 3.0)
    assert [ask(0) for _ in range(4)] == [None, None, None, pytest.approx(1 / 3)]
    assert [ask(50) for _ in range(4)][:3] == [None] * 3
