"""The benchmark of waiting for a checkpoint measures from committed to covered."""

import pytest

from audits.ledger import signer
from audits.ledger.models import Log
from bench import lag, sequencing, setting
from tests.unit.audits.decisions import worlds


@pytest.mark.django_db
def test_an_entry_waits_until_a_checkpoint_covers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "LONGEST_WAIT", 0.1)
    made, owner = setting.organisation()
    log = Log.objects.get(system=setting.target(made, owner, "apart").system)
    sequencing.append_seconds(log, [b"one", b"two"])
    assert lag.wait(log) >= 0.1
    signer.publish(log=log, at=worlds.START)
    assert lag.wait(log) < 0.1
