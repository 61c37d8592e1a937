"""What the benchmark of hashing and sequencing appends is a log like any other."""

import pytest

from audits.ledger import signer, verification
from audits.ledger.models import Log
from bench import sequencing, setting
from tests.unit.audits.decisions import worlds


@pytest.mark.django_db
def test_entries_appended_apart_are_hashed_into_the_log() -> None:
    made, owner = setting.organisation()
    log = Log.objects.get(system=setting.target(made, owner, "apart").system)
    before = log.head.size
    assert sequencing.append_seconds(log, [b"%d" % number for number in range(700)]) > 0
    signer.publish(log=log, at=worlds.START)
    assert verification.verify(log=log).size == before + 700
