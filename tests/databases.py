"""Databases for tests: one migrated template, cloned whenever a test needs a database of its own.

The template is built by the owner's role from the real migrations and named after their digest, so that a server
that stays up (a developer's own) builds it only when a migration changes. Tests run as the application's role.
"""

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("governance", "audits", "councils", "modelcards")
ALIASES = ("default", "owner")
BUILD_LOCK = 5_020_241
AUTOVACUUM_SECONDS = 30


def base_name() -> str:
    """The database named by DATABASE_OWNER_URL; every test database's name starts with it."""
    return str(conninfo_to_dict(os.environ["DATABASE_OWNER_URL"])["dbname"])


def template_name() -> str:
    """`<base>_template_<digest of the migrations, the grants and the pinned packages>`."""
    digest = hashlib.sha256()
    sources = [path for floor in FLOORS for path in sorted((ROOT / floor).glob("migrations/*.py"))]
    grants = ROOT / "governance/management/commands/prepare_database.py"
    for path in [*sources, grants, ROOT / "governance/config/settings.py", ROOT / "requirements.txt"]:
        digest.update(path.read_bytes())
    return f"{base_name()}_template_{digest.hexdigest()[:10]}"


@contextlib.contextmanager
def maintenance() -> Iterator[psycopg.Connection]:
    """An autocommit connection as the owner to the server's `postgres` database."""
    conninfo = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname="postgres")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def exists(connection: psycopg.Connection, name: str) -> bool:
    """Whether the server has a database of that name."""
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def drop(connection: psycopg.Connection, name: str) -> None:
    """Drop a database with whatever is still connected to it; autovacuum, which only a superuser ends, is awaited."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    deadline = time.monotonic() + AUTOVACUUM_SECONDS
    while True:
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def create(connection: psycopg.Connection, name: str, *, template: str = "template1") -> None:
    """Create a database as a copy of `template`."""
    drop(connection, name)
    names = sql.Identifier(name), sql.Identifier(template)
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


def point_django_at(name: str) -> None:
    """Make both aliases of this process use database `name` from their next query on."""
    for alias in ALIASES:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = settings.DATABASES[alias]["NAME"] = name


def ensure_template() -> str:
    """The name of the migrated template, built now if no other process has built it."""
    name = template_name()
    with maintenance() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])
        if not exists(connection, name):
            drop_leftovers(connection)
            build_template(connection, name)
    return name


def drop_leftovers(connection: psycopg.Connection) -> None:
    """Drop templates of earlier migrations."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    for (name,) in connection.execute(query, [f"{base_name()}_template_"]).fetchall():
        drop(connection, name)


def build_template(connection: psycopg.Connection, name: str) -> None:
    """Migrate a new database as the owner; it gets its name only when it is whole."""
    unfinished = f"{base_name()}_template_unfinished"
    create(connection, unfinished)
    point_django_at(unfinished)
    call_command("prepare_database", verbosity=0)
    point_django_at(base_name())
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))


@contextlib.contextmanager
def clone(template: str) -> Iterator[str]:
    """A database of one's own for a while, with Django pointed at it; earlier settings come back after it."""
    before, listed = connections["default"].settings_dict["NAME"], settings.EDGEWISE_ERASURE_LIST
    name = f"{base_name()}_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with maintenance() as connection:
        create(connection, name, template=template)
    try:
        point_django_at(name)
        settings.EDGEWISE_ERASURE_LIST = outside(name)
        yield name
    finally:
        settings.EDGEWISE_ERASURE_LIST = listed
        point_django_at(before)
        with maintenance() as connection:
            drop(connection, name)


def outside(name: str) -> Path:
    """The erasure list of a test database, and beside it what was published of its logs: each database has its own."""
    return Path(settings.EDGEWISE_HOME) / f"outside-{name}" / "list"


def url(variable: str, name: str) -> str:
    """The URL in the environment variable, for database `name`."""
    parts: dict[str, Any] = conninfo_to_dict(os.environ[variable])
    query = f"?host={parts['host']}" if parts["host"].startswith("/") else ""
    secret = f":{parts['password']}" if parts.get("password") else ""
    place = "" if query else f"{parts['host']}:{parts.get('port', 5432)}"
    return f"postgresql://{parts['user']}{secret}@{place}/{name}{query}"
