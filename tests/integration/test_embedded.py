"""The embedded PostgreSQL and the supervisor, with real processes and real kills."""

import errno
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from governance.embedded import account, children, commands
from governance.embedded.children import Child
from governance.embedded.cluster import Cluster
from governance.embedded.home import CannotStartError, Home, Lock
from governance.embedded.supervisor import Supervisor

pytestmark = pytest.mark.slow

AS_ROOT = os.geteuid() == 0
HOLD = """
import sys, time
from governance.embedded.cluster import Cluster
from governance.embedded.home import Home
cluster = Cluster(Home.of({"EDGEWISE_HOME": sys.argv[1]}))
cluster.start()
print(cluster.child.pid, cluster.socket, flush=True)
time.sleep(600)
"""


def a_home(folder: Path) -> Home:
    return Home.of({"EDGEWISE_HOME": str(folder)})


def eventually(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Started on a new home; as root this home lies below a directory that only root may enter (pytest's own)."""
    cluster = Cluster(a_home(tmp_path / "home"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def supervisor(cluster: Cluster) -> Supervisor:
    """Watching the cluster."""
    supervisor = Supervisor(say=lambda text: None)
    supervisor.add(cluster.child)
    return supervisor


def owner(cluster: Cluster) -> psycopg.Connection:
    return psycopg.connect(cluster.urls()["DATABASE_OWNER_URL"], autocommit=True)


def test_the_application_role_may_not_make_tables_and_the_owner_may(cluster: Cluster) -> None:
    """Two roles on one database."""
    with owner(cluster) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    with psycopg.connect(cluster.urls()["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("edgewise_app",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE nope (id int)")


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"])
def test_durability_is_the_default(cluster: Cluster, setting: str) -> None:
    """What was committed survives a power cut."""
    with owner(cluster) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_nothing_listens_on_the_network(cluster: Cluster) -> None:
    """Only the socket, in a directory that only its owner enters."""
    with owner(cluster) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert cluster.socket.stat().st_mode & 0o077 == 0
    assert len(os.fsencode(cluster.socket / ".s.PGSQL.5432")) <= 100


@pytest.mark.skipif(not AS_ROOT, reason="only root can try to connect as somebody else")
def test_another_user_of_this_machine_is_refused(cluster: Cluster) -> None:
    """Neither may they enter the socket's directory, nor do the rules of peer authentication name them."""
    cluster.socket.chmod(0o755)
    other = pwd.getpwnam("daemon")
    command = [
        str(cluster.binaries / "psql"),
        "--no-psqlrc",
        "--command",
        "SELECT 1",
        cluster.urls()["DATABASE_URL"],
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd="/",
        user=other.pw_uid,
        group=other.pw_gid,
        extra_groups=[],
    )
    assert done.returncode != 0
    assert "Peer authentication failed" in done.stderr


@pytest.mark.skipif(not AS_ROOT, reason="only root has to run the server as another user")
def test_root_runs_the_server_as_another_user_without_opening_the_way(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The parents of the data stay as closed as they were."""
    assert Path(f"/proc/{cluster.child.pid}").stat().st_uid == cluster.account.uid != 0
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    assert any(parent.stat().st_mode & 0o077 == 0 for parent in tmp_path.parents)


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as another user")
def test_binaries_out_of_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy runs, belongs to root, and is made once."""
    chosen = account.choose(tmp_path / "none")
    monkeypatch.setattr(account, "COPIES", Path("/var/cache/edgewise-test"))
    installed = account.binaries(chosen).parent.parent
    try:
        first = account._copied(installed, chosen)
        inode = first.stat().st_ino
        assert first.stat().st_uid == 0
        assert account._copied(installed, chosen).stat().st_ino == inode
    finally:
        subprocess.run(["rm", "-rf", "/var/cache/edgewise-test"], check=True)


def test_a_killed_server_is_started_again_with_its_data(cluster: Cluster, supervisor: Supervisor) -> None:
    """kill -9 of the postmaster costs nothing that was committed."""
    with owner(cluster) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id")
    killed = cluster.child.pid
    os.kill(killed, signal.SIGKILL)
    assert supervisor.watch(lambda: cluster.child.pid != killed and cluster.answers(), seconds=60)
    with owner(cluster) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_stopped_cluster_starts_again_with_its_data(tmp_path: Path) -> None:
    """The next command on the same home finds what the last one wrote."""
    for expected in (None, 1):
        cluster = Cluster(a_home(tmp_path / "home"))
        cluster.start()
        with owner(cluster) as connection:
            if expected is None:
                connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
        cluster.stop()
        assert not cluster.socket.exists()
        assert not is_running(cluster.child.pid)


def test_two_homes_run_side_by_side(cluster: Cluster, tmp_path: Path) -> None:
    """Each has its own server and its own data."""
    other = Cluster(a_home(tmp_path / "other"))
    other.start()
    try:
        with owner(cluster) as one, owner(other) as two:
            one.execute("CREATE TABLE only_here (id int)")
            assert two.execute("SELECT to_regclass('only_here')").fetchone() == (None,)
    finally:
        other.stop()


def test_a_home_is_used_by_one_command_at_a_time(tmp_path: Path) -> None:
    """The second is told who holds it and what to do; after release it may."""
    home = a_home(tmp_path / "home")
    first, second = Lock(home, "make run"), Lock(home, "make demo")
    first.take()
    with pytest.raises(
        CannotStartError, match=rf"in use by `make run` \(process {os.getpid()}\).*EDGEWISE_HOME="
    ):
        second.take()
    first.release()
    second.take()
    second.release()


def test_a_stale_pid_file_that_names_a_stranger_does_not_stop_the_start(tmp_path: Path) -> None:
    """Process ids are used again; the stranger is left alone."""
    cluster = Cluster(a_home(tmp_path / "home"))
    cluster.start()
    note = cluster.data / "postmaster.pid"
    lines = note.read_text().splitlines()
    cluster.child.process.send_signal(signal.SIGKILL)
    cluster.child.process.wait()
    stranger = subprocess.Popen(["sleep", "60"], **cluster.account.identity)
    note.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    try:
        cluster.child.start()
        cluster.wait()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        cluster.stop()


def test_a_server_left_by_a_killed_command_is_replaced(tmp_path: Path) -> None:
    """It is shut down in order first: two servers never share data."""
    first = Cluster(a_home(tmp_path / "home"))
    first.start()
    left = first.child.pid
    second = Cluster(a_home(tmp_path / "home"))
    second.start()
    assert second.child.pid != left
    first.child.process.wait()
    assert not is_running(left)
    second.stop()


def test_killing_the_supervisor_stops_the_server(tmp_path: Path) -> None:
    """Nothing is left running, and the next start takes the socket's directory away."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "home")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=commands.ROOT,
    )
    with holder:
        server, directory = holder.stdout.readline().split()
        holder.kill()
    assert eventually(lambda: not is_running(int(server)))
    cluster = Cluster(a_home(tmp_path / "home"))
    cluster.start()
    cluster.stop()
    assert not Path(directory).exists()


@pytest.mark.skipif(not AS_ROOT, reason="the other tests already run as an ordinary user")
def test_an_ordinary_user_can_start_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No root, no other account: the server runs as who started it."""
    user = pwd.getpwnam("nobody")
    become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    probe = [sys.executable, "-c", "import governance.embedded.cluster"]
    try:
        reachable = subprocess.run(probe, cwd=commands.ROOT, capture_output=True, **become).returncode == 0
    except PermissionError:
        reachable = False
    if not reachable:
        pytest.skip("this Python or this checkout is readable by root only")
    home = Path("/tmp") / f"edgewise-test-{os.getpid()}"
    home.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=commands.ROOT,
        **become,
    )
    with holder:
        server, _ = holder.stdout.readline().split()
        assert Path(f"/proc/{server}").stat().st_uid == user.pw_uid
        holder.kill()
    assert eventually(lambda: not is_running(int(server)))
    subprocess.run(["rm", "-rf", str(home)], check=True)


def a_child(tmp_path: Path, script: str) -> Child:
    return Child("child", ["/bin/sh", "-c", script], tmp_path / "child.log", dict(os.environ), patience=1)


def test_a_child_that_keeps_dying_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the tries, the person reads why."""
    monkeypatch.setattr("governance.embedded.supervisor.LONGEST_PAUSE_SECONDS", 0.01)
    supervisor = Supervisor(say=lambda text: None)
    supervisor.start(a_child(tmp_path, "echo the reason; exit 3"))
    with pytest.raises(CannotStartError, match=r"(?s)keeps stopping.*the reason"):
        supervisor.watch(lambda: False, seconds=60)


def test_a_child_that_once_started_well_is_never_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it needs may come back: room on the disk, the broker. Until then the rest goes on."""
    monkeypatch.setattr("governance.embedded.supervisor.LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("governance.embedded.supervisor.SETTLED_SECONDS", 0.3)
    monkeypatch.setattr("governance.embedded.supervisor.TRIES", 2)
    monkeypatch.setattr("governance.embedded.supervisor.TICK_SECONDS", 0.01)
    said: list[str] = []
    supervisor = Supervisor(said.append)
    ran = tmp_path / "ran"
    supervisor.start(a_child(tmp_path, f"[ -e {ran} ] || {{ touch {ran}; sleep 0.5; }}; exit 3"))
    assert supervisor.watch(lambda: len(said) > 5, seconds=60)


def test_a_child_that_ignores_the_request_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """Nothing of its session is left."""
    child = a_child(tmp_path, "trap '' TERM; sleep 300 & echo $!; wait")
    child.start()
    assert eventually(lambda: bool(child.last_words().strip()))
    grandchild = int(child.last_words())
    child.stop()
    assert eventually(lambda: not is_running(grandchild), seconds=5)


def test_what_a_dead_child_started_is_gone_before_it_starts_again(tmp_path: Path) -> None:
    """A killed web server leaves workers that hold its port."""
    child = a_child(tmp_path, "sleep 300 & echo $!; wait")
    child.start()
    assert eventually(lambda: bool(child.last_words().strip()))
    grandchild = int(child.last_words())
    os.kill(child.pid, signal.SIGKILL)
    supervisor = Supervisor(say=lambda text: None)
    supervisor.add(child)
    killed = child.pid
    assert supervisor.watch(lambda: child.alive and child.pid != killed, seconds=10)
    assert eventually(lambda: not is_running(grandchild), seconds=5)
    child.stop()


def test_an_overlong_log_is_set_aside_while_its_process_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process keeps its file; of what it wrote, the newest stands in the log and what was before beside it."""
    monkeypatch.setattr("governance.embedded.home.LOG_BYTES", 1000)
    child = a_child(
        tmp_path, "i=0; while sleep 0.01; do i=$((i+1)); echo a line that has the number $i; done"
    )
    supervisor = Supervisor(say=lambda text: None)
    supervisor.start(child)
    started, aside = child.pid, tmp_path / "child.log.1"
    twice = supervisor.watch(lambda: aside.exists() and b"number 1\n" not in aside.read_bytes(), seconds=60)
    goes_on = eventually(lambda: child.log.read_bytes().startswith(b"a line that"))
    assert (twice, goes_on, child.alive, child.pid) == (True, True, True, started)
    assert 1000 < aside.stat().st_size < 10_000
    child.stop()


def test_a_full_disk_does_not_keep_a_log_from_being_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it end the command that looks after everything."""

    def no_room(*_paths: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("governance.embedded.home.LOG_BYTES", 10)
    monkeypatch.setattr("shutil.copyfile", no_room)
    child = a_child(tmp_path, "echo longer than ten bytes; sleep 60")
    supervisor = Supervisor(say=lambda text: None)
    supervisor.start(child)
    assert eventually(lambda: child.log.stat().st_size > 10)
    supervisor.tend()
    assert child.alive
    assert child.log.stat().st_size == 0
    child.stop()


def test_what_a_killed_command_left_is_found_by_its_mark(tmp_path: Path) -> None:
    """Only processes with this home's mark are ended."""
    mark, other = f"EDGEWISE_SUPERVISED={tmp_path}/a", f"EDGEWISE_SUPERVISED={tmp_path}/b"
    left, stranger = (
        subprocess.Popen(["/usr/bin/env", mark_of, "sleep", "300"]) for mark_of in (mark, other)
    )
    assert eventually(lambda: left.pid in children.orphans(mark) and stranger.pid in children.orphans(other))
    children.end_orphans(mark, patience=5)
    assert left.wait(5) == -signal.SIGTERM
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
