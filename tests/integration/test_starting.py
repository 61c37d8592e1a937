"""What the web server, the worker and commands refuse to start with."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from audits.ledger import signer
from governance.embedded import commands
from tests import databases
from tests.integration.test_backup_and_restore import manage
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.slow


@pytest.fixture
def signed(fresh_database):
    """A database whose logs this process has signed."""
    worlds.make()
    signer.publish_all(at=worlds.START)
    return fresh_database


def run(command, database, **environment):
    own = {
        "DATABASE_URL": databases.url("DATABASE_URL", database),
        "DATABASE_OWNER_URL": databases.url("DATABASE_OWNER_URL", database),
        "EDGEWISE_HOME": str(settings.EDGEWISE_HOME),
        "DJANGO_SETTINGS_MODULE": "governance.config.settings",
    }
    return subprocess.run(
        command, env=os.environ | own | environment, cwd=databases.ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


WEB = "import governance.config.wsgi, os; print('serves', flush=True); os._exit(0)"


def test_the_web_server_does_not_serve_with_keys_that_are_not_the_databases(signed, tmp_path):
    first = run([sys.executable, "-c", WEB], signed)
    assert "serves" in first.stdout, first.stderr
    assert_refused(run([sys.executable, "-c", WEB], signed, EDGEWISE_HOME=str(tmp_path / "another")))


def test_the_worker_does_not_start_with_keys_that_are_not_the_databases(signed, tmp_path):
    assert_refused(run(commands.worker(os.environ), signed, EDGEWISE_HOME=str(tmp_path / "another")))


def assert_refused(second):
    assert second.returncode == 1
    assert "serves" not in second.stdout
    assert "was signed by another key than the one of this process" in second.stderr
    assert "Give every process of one database the same keys" in second.stderr


def test_a_command_names_the_variable_of_a_bad_witness_file(signed, tmp_path):
    (tmp_path / "logs").write_text("log nothing\n")
    told = manage("check", database=signed, EDGEWISE_WITNESSED_LOGS=str(tmp_path / "logs"))
    assert told.returncode == 1
    assert f"EDGEWISE_WITNESSED_LOGS names {tmp_path / 'logs'}: line 1 of the policy" in told.stderr
