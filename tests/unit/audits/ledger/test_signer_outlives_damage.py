"""What is wrong with one log, or for one moment, does not end the signing of others."""

import pytest
from django.db import OperationalError, connection

from audits.ledger import landmarks, selectors, services, signer
from audits.ledger.models import Head, Log
from governance.access.keyring import KeyUnavailable
from tests.unit.audits.ledger import worlds
from tests.unit.audits.ledger.tampering import as_owner, cheat


@pytest.fixture
def logs(organisation, settings, tmp_path) -> list[Log]:
    settings.EDGEWISE_ERASURE_LIST = tmp_path / "erasures" / "list"
    found = [worlds.empty_log(organisation) for _ in range(2)]
    for log in found:
        services.append(log=log, entries=[b"one"])
    return found


def test_a_landmark_of_rubbish_stops_its_own_log_alone(logs: list[Log]) -> None:
    """Not UTF-8."""
    place = landmarks.path_of(logs[0].origin)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"\xff\xfe\x00")
    signer.publish_all(at=worlds.AT)
    assert [selectors.published_size(log=log) for log in logs] == [0, 1]
    with pytest.raises(landmarks.LandmarkDamaged, match="Put the newest checkpoint"):
        landmarks.of(logs[0].origin)


def test_a_landmark_that_may_not_be_read_stops_its_own_log_alone(logs: list[Log]) -> None:
    landmarks.path_of(logs[0].origin).mkdir(parents=True)  # Not even root reads a folder.
    signer.publish_all(at=worlds.AT)
    assert [selectors.published_size(log=log) for log in logs] == [0, 1]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audits_head SET edge = '\\x00' WHERE log_id = %s",
        "DELETE FROM audits_head WHERE log_id = %s",
        "DELETE FROM audits_published WHERE log_id = %s",
        "DELETE FROM audits_checkpoint WHERE log_id = %s",
    ],
)
def test_a_damaged_log_stops_itself_alone_and_is_told(fresh_database: str, caplog, damage: str) -> None:
    """Critical each time, never passed over in silence, and counted in the metrics."""
    organisation = worlds.make_organisation()
    logs = [worlds.empty_log(organisation) for _ in range(2)]
    with as_owner():
        signer.publish_all(at=worlds.AT)
        for log in logs:
            worlds.fill(log, 0, 3)
        damage_behind_its_back(damage, logs[0])
        signer.publish_all(at=worlds.AT)
        assert selectors.published_size(log=logs[1]) == 3
        assert [each.origin for each in signer.unsigned()] == [logs[0].origin]
        (gauge,) = signer.metrics()
        assert [sample.value for sample in gauge.samples] == [1]
    told = [each for each in caplog.records if each.levelname == "CRITICAL"]
    assert len(told) == 1
    assert logs[0].origin in told[0].getMessage()


def damage_behind_its_back(damage: str, log: Log) -> None:
    """As half a restore leaves it: foreign keys are not looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE audits_published DROP CONSTRAINT IF EXISTS published_size_has_a_checkpoint"
        )
    cheat(damage, [log.pk])


def test_a_database_that_is_away_is_not_asked_about_every_log(log: Log, monkeypatch) -> None:
    """The round ends at the first."""

    def away(**_: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(signer, "publish", away)
    with pytest.raises(OperationalError):
        signer.publish_all(at=worlds.AT)


@pytest.mark.parametrize("place", ["publish_all", "close_old_connections", "keys.signers"])
@pytest.mark.parametrize(
    "error",
    [
        KeyUnavailable("gone"),
        OSError(24, "Too many open files"),
        ValueError(),
        Head.DoesNotExist(),
        OperationalError("the database is away"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_thread_goes_on_after_whatever_a_round_raises(
    log: Log, monkeypatch, place: str, error: Exception
) -> None:
    """Nothing starts the thread again: a round must not raise, and the next one signs."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(signer, "close_old_connections", lambda: None)
    monkeypatch.setattr(signer, "connection", type("Closed", (), {"close": staticmethod(lambda: None)}))
    services.append(log=log, entries=[b"one"])
    with monkeypatch.context() as broken:
        broken.setattr(f"audits.ledger.signer.{place}", fail)
        assert signer._round() > 0
        assert selectors.published_size(log=log) == 0
    assert signer._round() == signer.EVERY_SECONDS
    assert selectors.published_size(log=log) == 1
