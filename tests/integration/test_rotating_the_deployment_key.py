"""Rotating the deployment's key by the real command: killed in the middle, across backups, and before erasures."""

import os
import signal
import subprocess
import sys
import threading

import psycopg
import pytest
from django.conf import settings

from audits.decisions import opening
from audits.decisions.models import Decision
from audits.ledger import lasting_keys, rewrapping, sealing, verification, wrapping
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey
from audits.protection import erasing
from governance.access import keyring
from tests import databases
from tests.integration.test_backup_and_restore import done, empty_database, manage, restore, world  # noqa: F401
from tests.unit.audits.protection.conftest import AT, about, log

pytestmark = pytest.mark.slow
MANY = 4 * rewrapping.CHUNK


@pytest.fixture(autouse=True)
def home(tmp_path):
    """A home with keys of the test's own, for this process and for every command."""
    settings.EDGEWISE_HOME, before = tmp_path / "own", settings.EDGEWISE_HOME
    settings.EDGEWISE_HOME.mkdir()
    yield settings.EDGEWISE_HOME
    settings.EDGEWISE_HOME = before


def restarted():
    """As a process that starts now: nothing is remembered."""
    lasting_keys._known.clear()
    wrapping._openers.clear()


def under():
    """How many data keys lie under each generation."""
    found = list(DataKey.objects.filter(wrapped__isnull=False).values_list("under", flat=True))
    return {each: found.count(each) for each in found}


def seen(world, index):  # noqa: F811
    """Whose record it is, as an auditor opens it."""
    decision = Decision.objects.get(system=world.system, index=index)
    return opening.opened(system=world.system, decision=decision)["values"]["/subject"]["ref"]


def killed_in_the_middle(database):
    """`rotate_key deployment`, stopped by a lock on the last key and then killed; the rest stays as it was."""
    old = newest()
    last = DataKey.objects.order_by("-pk").values_list("pk", flat=True)[0]
    command = [sys.executable, str(databases.ROOT / "manage.py"), "rotate_key", "deployment"]
    environment = os.environ | {
        "DATABASE_URL": databases.url("DATABASE_URL", database),
        "DATABASE_OWNER_URL": databases.url("DATABASE_OWNER_URL", database),
        "EDGEWISE_HOME": str(settings.EDGEWISE_HOME),
    }
    with psycopg.connect(databases.url("DATABASE_OWNER_URL", database)) as other:
        other.execute("SELECT 1 FROM audits_datakey WHERE id = %s FOR UPDATE", [last])
        process = subprocess.Popen(command, env=environment)
        patience = threading.Timer(120, process.kill)
        patience.start()
        while process.poll() is None and under()[old] > rewrapping.CHUNK:
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        patience.cancel()


def newest():
    return keyring.fingerprint(keyring.key("deployment", home=settings.EDGEWISE_HOME))


def test_killed_in_the_middle_all_is_read_and_running_it_again_ends_it(world, fresh_database, home):  # noqa: F811
    (ada,) = log(world, about(world, "ada"))
    references = [f"subject:{number}" for number in range(MANY)]
    sealing.data_keys(organisation=world.organisation, references=references, at=AT)
    killed_in_the_middle(fresh_database)
    restarted()
    assert len(under()) == 2
    assert seen(world, ada) == "ada"
    (late,) = log(world, about(world, "late"))
    done(manage("rotate_key", "deployment", database=fresh_database))
    restarted()
    assert set(under()) == {newest()}
    assert (seen(world, ada), seen(world, late)) == ("ada", "late")
    done(manage("rotate_key", "deployment", "--finish", database=fresh_database))
    restarted()
    assert len(keyring.keys("deployment", home=home)) == 1
    assert [path.name.partition("-")[0] for path in (home / "keys" / "retired").iterdir()] == ["deployment"]
    assert (seen(world, ada), seen(world, late)) == ("ada", "late")


@pytest.mark.parametrize("rotated_first", [False, True])
def test_a_backup_from_either_side_of_a_rotation_is_restored_and_erased_again(
    world,  # noqa: F811
    fresh_database,
    empty_database,  # noqa: F811
    tmp_path,
    rotated_first,
):
    """What was erased after the backup goes again: the pseudonyms in the list are those of before the rotation."""
    ada, bob = log(world, about(world, "ada"), about(world, "bob"))
    if rotated_first:
        rotate(fresh_database)
    done(manage("backup", tmp_path / "last-week", database=fresh_database))
    if not rotated_first:
        rotate(fresh_database)
    restarted()
    erasure = erasing.request(organisation=world.organisation, reference="ada", by=None, at=AT)
    assert erasing.execute(erasure=erasure, at=AT).records == 1
    for each in ledger.logs(organisation=world.organisation):
        verification.verify(log=each)
    assert "1 subjects were erased again" in done(restore(tmp_path, empty_database))
    databases.point_django_at(empty_database)
    settings.EDGEWISE_HOME = tmp_path / "home"
    restarted()
    assert Decision.objects.get(system=world.system, index=ada).sealed is None
    assert sealing.find(organisation=world.organisation, reference="subject:ada").wrapped is None
    assert seen(world, bob) == "bob"


def rotate(database):
    done(manage("rotate_key", "deployment", database=database))
    done(manage("rotate_key", "deployment", "--finish", database=database))
