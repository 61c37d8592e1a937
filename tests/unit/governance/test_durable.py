"""Files that several processes replace: nobody's change is lost, and nobody reads a part."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from governance import durable

PROCESSES, TIMES = 4, 50
COUNTING = f"""
import sys
from pathlib import Path
from governance import durable
folder = Path(sys.argv[1])
for _ in range({TIMES}):
    with durable.alone(folder / "lock"):
        durable.replace(folder / "count", str(int((folder / "count").read_text()) + 1))
"""


def test_processes_that_read_and_replace_take_turns(tmp_path: Path) -> None:
    """Each adds one to what is there: all of it is counted, and no draft is left."""
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNTING, str(tmp_path)]
    counting = [subprocess.Popen(command) for _ in range(PROCESSES)]
    assert [process.wait(120) for process in counting] == [0] * PROCESSES
    assert (tmp_path / "count").read_text() == str(PROCESSES * TIMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["count", "lock"]


def test_threads_take_turns_too(tmp_path: Path) -> None:
    """The lock is the file's, not the process's."""
    inside, most = list[int](), list[int]()

    def enter() -> None:
        for _ in range(20):
            with durable.alone(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 80)


def test_whoever_does_not_let_go_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """A frozen process keeps its locks."""
    with (
        durable.alone(tmp_path / "lock"),
        pytest.raises(TimeoutError, match="held by another process"),
        durable.alone(tmp_path / "lock", patience=0.05),
    ):
        pass
    with durable.alone(tmp_path / "lock", patience=0.0):
        pass


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    """Killed while it held it."""
    holding = (
        "import os, sys; from pathlib import Path; from governance import durable\n"
        "with durable.alone(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", holding, str(tmp_path / "lock")], check=False)
    assert done.returncode == -9
    with durable.alone(tmp_path / "lock", patience=0.0):
        pass


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch) -> None:
    """A full disk: the old content, and no draft beside it."""
    durable.replace(tmp_path / "file", "before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.replace(tmp_path / "file", "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "before")]
