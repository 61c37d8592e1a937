"""Jobs on a real worker, over the production broker and over the embedded one."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from governance.embedded import commands
from governance.jobs.models import Job
from governance.organisations.models import Organisation
from tests import live

pytestmark = pytest.mark.slow

SECONDS = 60
ENQUEUE = """
import django, sys
django.setup()
from django.utils import timezone
from governance.jobs import services
from governance.organisations.models import Organisation
job = services.enqueue(
    task="tests.count", arguments={"to": 10}, organisation=Organisation.objects.get(), at=timezone.now()
)
print(job.pk)
"""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of the test's own, on a loopback port, writing nothing to disk."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed; `make setup` installs it when root (system-packages.txt)")
    port = str(live.free_port())
    folder = tmp_path_factory.mktemp("redis")
    options = [
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, *options], stdout=log, stderr=log)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="module", params=["redis", "files"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The production broker, then the embedded one."""
    return request.getfixturevalue("redis_url") if request.param == "redis" else "filesystem://"


@pytest.fixture(scope="module")
def worker(
    template_database: str, broker_url: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[live.LiveEdgewise]:
    """A worker on that broker, with the counting job."""
    environment = {
        "BROKER_URL": broker_url,
        "EDGEWISE_WORKER_PROCESSES": "1",
        "DJANGO_SETTINGS_MODULE": "governance.config.settings",
    }
    with django_db_blocker.unblock(), live.edgewise(template_database, web=False, **environment) as edgewise:
        Organisation.objects.create(slug="one", name="One", created_at=timezone.now())
        edgewise.start_worker("--include", "tests.integration.counting_job")
        yield edgewise


def enqueue(worker: live.LiveEdgewise) -> Job:
    """As a web process does it: the row, then the message after the commit."""
    done = subprocess.run(
        [sys.executable, "-c", ENQUEUE],
        env=worker.environment,
        cwd=commands.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Job.objects.get(pk=done.stdout.strip())


def wait_until_done(worker: live.LiveEdgewise, job: Job) -> None:
    def is_done() -> bool:
        job.refresh_from_db()
        return job.state == Job.State.DONE

    live.wait_for(is_done, seconds=SECONDS, or_show=worker.children["worker"])


def test_the_worker_does_a_job(worker: live.LiveEdgewise) -> None:
    """Its result and its progress are on the row."""
    job = enqueue(worker)
    wait_until_done(worker, job)
    assert (job.result, job.progress, job.attempts) == ({"sum": 55}, 100, 1)


def test_a_job_whose_message_was_lost_is_sent_again(worker: live.LiveEdgewise) -> None:
    """The row is the promise: the clock's sweep finds what was due and not picked up."""
    past = timezone.now() - datetime.timedelta(minutes=1)
    job = Job.objects.create(
        task="tests.count",
        arguments={"to": 3},
        organisation=Organisation.objects.get(),
        due_at=past,
        created_at=past,
    )
    worker.start_beat()
    wait_until_done(worker, job)
    assert job.result == {"sum": 6}


def test_a_killed_worker_goes_on_after_its_restart(worker: live.LiveEdgewise) -> None:
    """A job enqueued while no worker runs waits for the next one."""
    child = worker.children["worker"]
    os.killpg(child.pid, signal.SIGKILL)
    child.stop()
    job = enqueue(worker)
    assert job.state == Job.State.QUEUED
    Path(child.log).unlink()
    worker.start_worker("--include", "tests.integration.counting_job")
    wait_until_done(worker, job)
