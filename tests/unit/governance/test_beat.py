"""The clock of background work goes on when the machine's clock is set back."""

import datetime as dt

import pytest

from governance.config.beat import SteadyScheduler
from governance.config.celery import app

PERIODS = {"every second": 1.0, "every five": 5.0}


@pytest.fixture
def sent(monkeypatch, tmp_path):
    """A scheduler whose messages are only noted, and whose clock is `wrong_by`."""
    noted = []
    now = app.now
    monkeypatch.setattr(
        SteadyScheduler, "apply_entry", lambda self, entry, producer=None: noted.append(entry.name)
    )
    scheduler = SteadyScheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    scheduler.setup_schedule()
    scheduler.schedule.clear()
    scheduler.update_from_dict({n: {"task": n, "schedule": period} for n, period in PERIODS.items()})

    def at(offset: dt.timedelta) -> list[str]:
        noted.clear()
        monkeypatch.setattr(app, "now", lambda: now() + offset)
        for _ in range(10):
            scheduler.tick()
        return list(noted)

    yield at
    scheduler.close()


def test_a_clock_set_back_by_hours_stops_no_entry(sent):
    """After an hour is taken away, and seconds have passed, each entry is sent as if nothing had been."""
    assert sent(dt.timedelta(seconds=0)) == []
    assert set(sent(dt.timedelta(seconds=6))) == set(PERIODS)
    assert sent(dt.timedelta(hours=-18)) == []
    assert set(sent(dt.timedelta(hours=-18, seconds=6))) == set(PERIODS)
