"""The package as others meet it: without its extra, in a forked process, at exit."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from edgewise import Client


def run(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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
