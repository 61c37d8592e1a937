"""The package as others meet it: without its extra, in a forked process, at exit."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import zipfile
from pathlib import Path

import pytest
from edgewise import Client

from tests.unit.sdk import interpreters

UNIT = Path(__file__).parent
ROOT = interpreters.ROOT

ON_EVERY_PYTHON = (
    "delivery", "spool", "client", "client_policy", "aio", "agent", "package", "masking", "importing",
    "logging_handler",
)  # fmt: skip
# The build, and this test itself; the other of the two full disks shows the same and takes longest.
ON_ONE_PYTHON = ("wheel_builds", "every_python", "full_disk_and_a_server_away")


def run(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout.strip()


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.records"))


def test_it_works_without_cryptography_and_says_what_signatures_need() -> None:
    out = run("""
        import sys
        sys.modules["cryptography"] = None
        import edgewise
        from edgewise import merkle, record, scoring
        options = [{"id": "a", "edges": {"safety": 1.0}}]
        print(edgewise.choose(options, {"weights": {"safety": 1.0}}).option_id)
        try:
            edgewise.verify("c2sp.org/tlog-proof@v1\\nindex 0\\n\\na\\n1\\n", "x+00000000+AQ==", entry=b"")
        except edgewise.VerificationError as problem:
            print(type(problem).__name__)
    """)
    assert out.split("\n") == ["a", "VerificationError"]


def test_what_is_buffered_is_sent_at_exit_without_a_word() -> None:
    out = run("""
        from edgewise import client, sending
        from edgewise.batches import Logged
        def send(self, records):
            print(len(records))
            return [Logged(None, "logged")] * len(records)
        sending.Sender.send = send
        made = client.Client("http://127.0.0.1:9", "k")
        other = client.Client("http://127.0.0.1:9", "k")
        for n in range(7):
            made.log({"n": n})
        other.close()
        del made
    """)
    assert out == "7"


def test_the_last_words_of_a_script_are_kept_though_no_thread_starts_any_more(tmp_path: Path) -> None:
    """From Python 3.12 on, none starts once the script has ended."""
    out = run(f"""
        from edgewise import Client
        client = Client("http://127.0.0.1:9", "k", spool={str(tmp_path)!r})
        print(*(client.log({{"n": n}}) for n in range(6)))
    """)
    ids = out.split()
    assert len(ids) == 6
    assert [one.encode() in written(tmp_path) for one in ids] == [True] * 6


def test_a_first_word_at_exit_is_kept_too(tmp_path: Path) -> None:
    out = run(f"""
        import atexit
        from edgewise import Client
        client = Client("http://127.0.0.1:9", "k", spool={str(tmp_path)!r})
        atexit.register(lambda: print(client.log({{}}), client.flush(0.1), client.lost_total))
    """)
    name, flushed, lost = out.split()
    assert name.encode() in written(tmp_path)
    assert (flushed, lost) == ("False", "0")


def test_a_first_word_at_exit_that_nothing_keeps_is_said_to_be_lost() -> None:
    out = run("""
        import _thread, atexit, logging, sys
        from edgewise import Client
        logging.basicConfig(stream=sys.stdout)
        client = None
        atexit.register(lambda: print("lost", client.lost_total))
        client = Client("http://127.0.0.1:9", "k", timeout=0.1)
        def start(*_):
            raise RuntimeError("no thread starts, on any Python")
        _thread.start_new_thread = start
        atexit.register(lambda: client.log({}))
    """)
    assert "are being lost" in out
    assert out.endswith("lost 1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("spool", [None, "spool"])
def test_a_forked_process_sends_its_own_records_only(spool: str | None, tmp_path: Path) -> None:
    out = run(f"""
        import os, time, warnings
        from edgewise import Client, sending
        from edgewise.batches import Logged
        warnings.simplefilter("ignore", DeprecationWarning)
        def send(self, records):
            os.write(1, f"{{os.getpid() == parent}} {{len(records)}}\\n".encode())
            return [Logged(None, "logged")] * len(records)
        sending.Sender.send = send
        parent = os.getpid()
        client = Client("http://127.0.0.1:9", "k", spool={str(tmp_path / spool) if spool else None!r})
        ids = [client.log({{}}), client.log({{}})]
        time.sleep(0.1)
        if os.fork() == 0:
            client.log({{}})
            client.close(5)
            os._exit(0)
        os.wait()
        client.close(5)
        assert not client.lost_total
    """)
    assert sorted(out.split("\n")) == ["False 1", "True 2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_makes_other_ids() -> None:
    out = run("""
        import os, warnings
        from edgewise import batches
        warnings.simplefilter("ignore", DeprecationWarning)
        batches.new_id()
        if os.fork() == 0:
            os.write(1, (batches.new_id()[14:] + "\\n").encode())
            os._exit(0)
        os.wait()
        os.write(1, batches.new_id()[14:].encode())
    """)
    first, second = out.split("\n")
    assert first != second


def test_a_client_without_work_starts_no_thread() -> None:
    before = threading.active_count()
    with Client("http://127.0.0.1:9", "k") as client:
        assert threading.active_count() == before
        assert client.flush(0.1)
    assert client.lost_total == 0


@pytest.mark.deep
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_it_does_the_same_on_every_python_it_is_for(version: str, tmp_path: Path) -> None:
    """The tests of the way to the server, a server that dies and a full disk included."""
    interpreter = interpreters.other(version)
    interpreters.furnish(tmp_path)
    files = [str(UNIT / f"test_{name}.py") for name in ON_EVERY_PYTHON]
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"]
    options += ["-k", f"not ({' or '.join(ON_ONE_PYTHON)})"]
    options += [f"--rootdir={ROOT}", f"--confcutdir={UNIT}"]
    done = subprocess.run(
        [interpreter, "-m", "pytest", *options, *files],
        env=interpreters.environment(ROOT, tmp_path),
        cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_the_wheel_builds_and_is_typed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sdk", tmp_path / "sdk", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*build, "-w", str(tmp_path), str(tmp_path / "sdk")], check=True, timeout=120)
    (wheel,) = tmp_path.glob("edgewise-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(tmp_path / "installed")
    modules = {f"edgewise/{path.name}" for path in (ROOT / "sdk/src/edgewise").glob("*.py")}
    assert names >= modules | {"edgewise/py.typed"}
    consumer = tmp_path / "consumer.py"
    consumer.write_text(
        "from edgewise import AsyncClient, Client, Logged, choose\n"
        "from edgewise.confidence import confidence\n"
        "client = Client('http://127.0.0.1:9', 'k', spool='s', on_rejected=lambda record, why: print(why.code))\n"
        "reveal_type(client.log({}))\n"
        "reveal_type(client.log({}, wait=True))\n"
        "async def more(other: AsyncClient) -> Logged:\n"
        "    return await other.log_durably({})\n"
        "policy = client.policy({})\n"
        "reveal_type(confidence([], policy, choose([], policy).option_id))\n"
        "AsyncClient('http://127.0.0.1:9', 'k', spool='s', policy_system='x', timeout=3)\n"
        "AsyncClient('http://127.0.0.1:9', 'k', spol='s')  # type: ignore[call-arg]\n"
        "Client('http://127.0.0.1:9', 'k', timeout='3')  # type: ignore[arg-type]\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(consumer)],
        env=os.environ | {"MYPYPATH": str(tmp_path / "installed")},
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert 'Revealed type is "str"' in checked.stdout.replace("builtins.", "")
    assert 'Revealed type is "edgewise.batches.Logged"' in checked.stdout
