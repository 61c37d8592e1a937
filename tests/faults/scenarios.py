"""What is done to a house, one kind of fault each: called with a folder, the seed, the count and the share of kills."""

import base64
import contextlib
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from governance.access import keyring
from tests import live
from tests.faults import blows, freezing
from tests.faults.house import House
from tests.faults.proxying import Proxy
from tests.faults.trial import Count, Say, Trial

FREEZES = 4
CLOCK_HOOK = Path(__file__).with_name("clock_hook")
DISK_MIB = 512
HOUR = 3_600


@contextlib.contextmanager
def living(house: House) -> Iterator[House]:
    """Started, and stopped whatever happens."""
    house.start()
    try:
        yield house
    finally:
        house.stop()


def one_house(root: Path, seed: int, count: Count, say: Say, share: float) -> None:
    """SIGKILL to each part, in an order that the seed decides; lost connections; frozen processes; a lost broker."""
    rng = random.Random(seed)
    chosen = [blow for blow, times in blows.KILLS.items() for _ in range(round(times * share))]
    rng.shuffle(chosen)
    with living(House(root / "house")) as house, Trial(house, seed, say, count) as trial:
        for number, blow in enumerate(chosen, 1):
            name = f"{number}/{len(chosen)} kill {blow.__name__.replace('_', ' ')}"
            trial.strike(name, lambda blow=blow: blow(house, rng), kills=1)
        trial.strike("end every connection, ten times", lambda: blows.terminate_all(house, rng))
        for number in range(1, FREEZES + 1):
            freezing.strike(trial, number)
        folder = house.home / "broker"
        trial.strike("remove the broker's folder", lambda: shutil.rmtree(folder, ignore_errors=True))
        trial.strike("put a file where the broker's folder was", lambda: _block(folder))


def two_houses(root: Path, seed: int, count: Count, say: Say, share: float) -> None:
    """Two web servers on one log, the second behind a wire to the database that fails in every way."""
    rng = random.Random(seed)
    keys = {
        f"EDGEWISE_KEY_{name.upper()}": base64.b64encode(rng.randbytes(32)).decode() for name in keyring.NAMES
    }
    with living(House(root / "first", extra=keys)) as first:
        socket = Path(str(conninfo_to_dict(first.url)["host"]))
        with (
            Proxy(socket) as proxy,
            living(neighbour(first, root / "second", proxy)) as second,
            Trial(first, seed, say, count) as trial,
        ):
            trial.ports.append(second.port)
            _fail_the_wire(trial, proxy)
            for number in range(max(1, round(3 * share))):
                for house in (first, second):
                    name = f"{number + 1} kill the web server of the {house.home.name} house"
                    trial.strike(name, lambda house=house: blows.web_server(house, rng), kills=1)
            trial.strike("kill the second house whole", lambda: blows.supervisor(second, rng), kills=1)


def neighbour(first: House, home: Path, proxy: Proxy) -> House:
    """A house of its own with the same keys, whose database is the first one's, behind the proxy."""
    socket = str(conninfo_to_dict(first.url)["host"])
    urls = {name: url.replace(socket, str(proxy.folder)) for name, url in first.urls.items()}
    return House(home, extra=first.extra | urls)


def _fail_the_wire(trial: Trial, proxy: Proxy) -> None:
    def cut() -> None:
        for _ in range(5):
            proxy.cut()
            time.sleep(trial.rng.random() / 2)

    def refuse() -> None:
        proxy.refusing = True
        proxy.cut()
        time.sleep(3)
        proxy.refusing = False

    def hold() -> None:
        proxy.hold()
        time.sleep(5)
        proxy.cut()
        proxy.release()

    trial.strike("cut the wire five times", cut)
    trial.strike("refuse connections for 3 s", refuse)
    trial.strike("hold the wire for 5 s, then cut it", hold)


def full_disk(root: Path, seed: int, count: Count, say: Say, share: float) -> None:
    """The disk of the database fills up under load, to the last byte, and has room again."""
    data = root / "house" / "postgres"
    data.mkdir(parents=True, mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", str(data)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        say("full disk: left out, since only root may mount a small file system")
        return
    try:
        with living(House(root / "house")) as house, Trial(house, seed, say, count) as trial:
            for seconds in (3, 20):
                trial.strike(f"fill the disk for {seconds} s", lambda seconds=seconds: _fill(house, seconds))
    finally:
        subprocess.run(["umount", str(data)], check=False)


def _fill(house: House, seconds: float) -> None:
    filler = house.home / "postgres" / "filler"
    try:
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65_536))
                file.flush()
        # What the database frees meanwhile is taken as well.
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with filler.open("ab") as file, contextlib.suppress(OSError):
                file.write(bytes(65_536))
            time.sleep(0.05)
    finally:
        filler.unlink()


def redis(root: Path, seed: int, count: Count, say: Say, share: float) -> None:
    """The broker is Redis, and is lost: derived work catches up by the sweep."""
    if shutil.which("redis-server") is None:
        say("redis: left out, since redis-server is not installed")
        return
    with (
        Redis(root) as server,
        living(House(root / "redis", extra={"BROKER_URL": server.url})) as house,
        Trial(house, seed, say, count) as trial,
    ):
        for number in range(max(1, round(2 * share))):
            trial.strike(f"{number + 1} kill Redis for 3 s", server.die, kills=1)


def _block(folder: Path) -> None:
    """Not even root can write there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    time.sleep(4)
    folder.unlink()


class Redis:
    """A Redis server of the suite's own, on a loopback port, writing nothing to disk."""

    def __init__(self, root: Path) -> None:
        self.port, self.root = live.free_port(), root
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> "Redis":
        self.root.mkdir(parents=True, exist_ok=True)
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.root}
        command = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.server = subprocess.Popen(["redis-server", *command], stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *error: object) -> None:
        self.server.kill()
        self.server.wait()

    def die(self) -> None:
        self.__exit__()
        time.sleep(3)
        self.__enter__()


def clocks(root: Path, seed: int, count: Count, say: Say, share: float) -> None:
    """All clocks but the database's jump by hours, both ways: order, checkpoints and derived work go on."""
    root.mkdir(parents=True)
    shift = root / "shift"
    _set(shift, 0)
    extra = {"PYTHONPATH": str(CLOCK_HOOK), "EDGEWISE_TEST_CLOCK": str(shift)}
    with living(House(root / "house", extra=extra)) as house, Trial(house, seed, say, count) as trial:
        for hours in (6, -18, 3, 0):
            trial.strike(f"set the clock to {hours:+} h", lambda hours=hours: _set(shift, hours * HOUR))
            trial.check_all_is_published()
            trial.check_derived_work_goes_on()


def _set(shift: Path, seconds: int) -> None:
    draft = shift.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.replace(shift)
    time.sleep(1.5)


SCENARIOS = {
    "one-house": one_house,
    "two-houses": two_houses,
    "full-disk": full_disk,
    "redis": redis,
    "clocks": clocks,
}
