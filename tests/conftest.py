"""Fixtures every test may use: a database as the application's role, one that may be committed to, a live server.

With DATABASE_URL and DATABASE_OWNER_URL set, tests use that server; otherwise an embedded PostgreSQL is started
for the run and thrown away after it. Its data are not worth an fsync.
"""

import atexit
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadFileScheduling

from governance.embedded.cluster import Cluster
from governance.embedded.home import Home
from tests import databases, live


def prepare_run() -> None:
    """Once per run, inherited by its worker processes through the environment."""
    home = tempfile.TemporaryDirectory(prefix="edgewise-tests-", ignore_cleanup_errors=True)
    atexit.register(home.cleanup)
    os.environ["EDGEWISE_TESTS_HOME"] = home.name
    if "DATABASE_URL" not in os.environ:
        cluster = Cluster(Home.of({"EDGEWISE_HOME": f"{home.name}/server"}), durable=False)
        atexit.register(cluster.stop)
        cluster.start()
        os.environ.update(cluster.urls())


def prepare_process() -> None:
    """Once per process that runs tests: a home of its own, and Django set up in it."""
    home = Path(os.environ["EDGEWISE_TESTS_HOME"]) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    home.mkdir()
    os.environ["EDGEWISE_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "governance.config.settings"
    django.setup()
    # Not for the processes that this one starts: pytest-django would set Django up in them before their home is chosen.
    del os.environ["DJANGO_SETTINGS_MODULE"]


# How long an example takes says something of the machine, not of the law. `--hypothesis-profile thorough` for more.
hypothesis.settings.register_profile("edgewise", deadline=None, max_examples=30)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile("edgewise")

# When this file is imported, and not in pytest_configure: the conftest files below import models.
if "EDGEWISE_TESTS_HOME" not in os.environ:
    prepare_run()
prepare_process()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long come first: what is left at the end is short."""
    for item in items:
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.journey)
    long = {item.path for item in items if {"slow", "journey"} & {mark.name for mark in item.iter_markers()}}
    items.sort(key=lambda item: item.path not in long)


class ByFile(LoadFileScheduling):
    """A file's tests stay in one process, and so do all journeys, which share an Edgewise and a browser."""

    def _split_scope(self, nodeid: str) -> str:
        return "journeys" if nodeid.startswith("tests/journeys/") else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """The scheduler of `-n 3`."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def template_database(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> str:
    """The name of the migrated template on the test server."""
    with django_db_blocker.unblock():
        return databases.ensure_template()


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The `db` fixture's database: this process's own clone; every test is rolled back."""
    with django_db_blocker.unblock(), databases.clone(template_database):
        yield


@pytest.fixture
def fresh_database(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database of the test's own, to commit to; never together with `db`."""
    with django_db_blocker.unblock(), databases.clone(template_database) as name:
        yield name


@pytest.fixture(scope="module")
def live_edgewise(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[live.LiveEdgewise]:
    """A real web server on a database of the module's own, to which this process's services commit as well."""
    with django_db_blocker.unblock(), live.edgewise(template_database) as edgewise:
        yield edgewise
