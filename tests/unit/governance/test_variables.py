"""A variable that cannot be right is refused by its name, with what it is and what it may be."""

import ast
import os
import re
import subprocess
import sys

import pytest

from governance import variables
from governance.access import keyring
from governance.embedded import commands
from tests import databases


@pytest.mark.parametrize(
    ("name", "text", "bounds"),
    [
        ("PORT", "http", "a whole number from 1 to 65535; 8000 if left out"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "8000.5", "a whole number from 1 to 65535"),
        ("EDGEWISE_WEB_THREADS", "0", "a whole number from 1 to 1000; 12 if left out"),
        ("EDGEWISE_WEB_WORKERS", "two", "a whole number from 1 to 256; 2 if left out"),
        ("EDGEWISE_WORKER_PROCESSES", "-1", "a whole number from 1 to 256"),
        ("EDGEWISE_REQUESTS_PER_SECOND", "0", "a number from 0.01 to 1000000; 5000 if left out"),
        ("EDGEWISE_REQUESTS_PER_SECOND", "nan", "a number from 0.01 to 1000000"),
        ("EDGEWISE_BODY_SECONDS", "inf", "a number from 1 to 3600; 30 if left out"),
        ("EDGEWISE_FROZEN_SECONDS", "0", "a number from 1 to 86400; 60 if left out"),
        ("EDGEWISE_RETENTION_MINIMUM_DAYS", "half a year", "a whole number from 1 to 36500; 184 if left out"),
        ("EDGEWISE_RESCORERS", "{house: x}", "a JSON object of texts"),
        ("EDGEWISE_RESCORERS", '["house"]', "a JSON object of texts"),
        ("EDGEWISE_RESCORERS", '{"house": 1}', "a JSON object of texts"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_and_the_bounds(name, text, bounds):
    read = variables.table if name in variables.TABLES else variables.number
    with pytest.raises(variables.Unusable) as refused:
        read(name, {name: text})
    what = variables.TABLES.get(name) or variables.NUMBERS[name].what
    assert str(refused.value).startswith(f"{name} is {text!r}. It is {what}: {bounds}")


@pytest.mark.parametrize("empty", [{}, {"PORT": "", "EDGEWISE_BODY_SECONDS": " ", "EDGEWISE_RESCORERS": ""}])
def test_what_is_left_out_or_empty_has_its_default(empty):
    assert variables.whole("PORT", empty) == 8000
    assert variables.number("EDGEWISE_BODY_SECONDS", empty) == 30
    assert variables.table("EDGEWISE_RESCORERS", empty) == {}


def test_what_is_set_is_read():
    own = {"PORT": " 8001 ", "EDGEWISE_BODY_SECONDS": "2.5", "EDGEWISE_RESCORERS": '{"house": "a.b"}'}
    assert variables.whole("PORT", own) == 8001
    assert variables.number("EDGEWISE_BODY_SECONDS", own) == 2.5
    assert variables.table("EDGEWISE_RESCORERS", own) == {"house": "a.b"}


def test_defaults_lie_within_their_bounds():
    variables.refuse({})
    assert all(each.least <= each.default <= each.most for each in variables.NUMBERS.values())


def test_all_that_is_wrong_is_said_at_once_and_briefly():
    with pytest.raises(KeyError) as refused:
        variables.refuse({"PORT": "x", "EDGEWISE_RESCORERS": "{" * 5_000}, error=KeyError)
    (told,) = refused.value.args
    assert [line.partition(" ")[0] for line in told.split("\n")] == ["PORT", "EDGEWISE_RESCORERS"]
    assert len(told) < 400


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (["-m", "governance.embedded", "web"], "edgewise: "),
        (["manage.py", "check"], "ImproperlyConfigured: "),
    ],
)
def test_nothing_starts_with_a_bad_value(command, before, tmp_path):
    own = {"EDGEWISE_WEB_THREADS": "0", "EDGEWISE_HOME": str(tmp_path), "DATABASE_URL": "postgresql://a@/b"}
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | own, cwd=databases.ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        f"{before}EDGEWISE_WEB_THREADS is '0'. It is how many threads a web process answers with: "
        "a whole number from 1 to 1000" in done.stderr
    )


CODE = ("governance", "audits", "councils", "modelcards")
# What other programs read, and what Edgewise tells its own processes.
NOT_THE_OPERATORS = {
    "CELERY_SKIP_CHECKS",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONPATH",
    "SHELL",
    "SOURCE_DATE_EPOCH",
}
OPERATIONS = (databases.ROOT / "docs/operations.md").read_text()


def documented():
    """The names in docs/operations.md's table, each with its default as written there."""
    rows = re.findall(r"^\| (`[A-Z`, _]+`) \| (.*?) \|", OPERATIONS, re.MULTILINE)
    return {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}


def read_in(path):
    """The constants by which a file asks its environment."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=asked, attr="get" | "setdefault"), args=[ast.Constant(name), *_]
            ):
                pass
            case ast.Subscript(value=asked, slice=ast.Constant(name)):
                pass
            case ast.Call(func=ast.Name("_database") as asked, args=[ast.Constant(name)]):
                pass
            case _:
                continue
        if ast.unparse(asked).endswith(("environ", "environment", "_database")):
            yield name


def test_operations_has_every_variable_that_is_read_and_no_other():
    files = [path for folder in CODE for path in (databases.ROOT / folder).rglob("*.py")]
    found = {name for path in [databases.ROOT / "manage.py", *files] for name in read_in(path)}
    found |= {*variables.NUMBERS, *variables.TABLES}
    found |= {f"EDGEWISE_KEY_{name.upper()}" for name in keyring.NAMES}
    assert set(documented()) == found - NOT_THE_OPERATORS


@pytest.mark.parametrize("name", variables.NUMBERS)
def test_operations_states_the_default(name):
    assert documented()[name] == f"`{variables.NUMBERS[name].default:.10g}`"


SHOW = """
from governance.config import settings
print({name: value for name, value in vars(settings).items() if name.isupper()})
"""


def test_an_empty_variable_is_as_one_left_out():
    """All but those that say where this run's database and keys are, and PGOPTIONS, which may be empty."""
    kept = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "EDGEWISE_HOME")}
    rest = {name: value for name, value in os.environ.items() if name not in documented()} | kept
    empty = dict.fromkeys(set(documented()) - kept.keys() - {"PGOPTIONS"}, "")
    left_out, left_empty = (
        subprocess.run(
            [sys.executable, "-c", SHOW], env=rest | more, cwd=databases.ROOT, capture_output=True, text=True,
            check=True, timeout=120,
        ).stdout
        for more in ({}, empty)
    )  # fmt: skip
    assert left_out == left_empty
    assert commands.address({"EDGEWISE_BIND": "", "PORT": ""}) == ("127.0.0.1", 8000)
