"""The package as others meet it: without its extra, in a forked process, at exit."""

import os
import subprocess
import sys
import textwrap

import pytest
from edgewise import buffer


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
        from edgewise import client
        client.Client._deliver = lambda self, records: print(len(records))
        made = client.Client("http://127.0.0.1:9", "k")
        other = client.Client("http://127.0.0.1:9", "k")
        for n in range(7):
            made.log({"n": n})
        other.close()
    """)
    assert out == "7"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_sends_its_own_records_only() -> None:
    out = run("""
        import os, sys, warnings
        from edgewise import buffer
        warnings.simplefilter("ignore", DeprecationWarning)
        sent = buffer.Buffer(lambda batch: print(os.getpid() == parent, len(batch), flush=True), max_age=0.2)
        parent = os.getpid()
        sent.add(b"1"); sent.add(b"2")
        if os.fork() == 0:
            sent.add(b"3")
            sent.close(5)
            os._exit(0)
        os.wait()
        sent.close(5)
    """)
    assert sorted(out.split("\n")) == ["False 1", "True 2"]


def test_a_buffer_without_work_starts_no_thread() -> None:
    kept = buffer.Buffer(lambda batch: None)
    kept.close(1)
    assert kept.lost_total == 0
