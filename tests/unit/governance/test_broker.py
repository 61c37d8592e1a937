"""The embedded broker: nobody ever sees half a file."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from governance.config import broker


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    broker.install()
    folders = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": tmp_path / "c",
    }
    with Connection("filesystem://", transport_options=folders) as connection:
        yield connection.channel()


def test_a_message_is_received_once(channel: Any) -> None:
    channel._put("jobs", {"body": "first"})
    assert channel._get("jobs") == {"body": "first"}
    with pytest.raises(Empty):
        channel._get("jobs")


def test_a_message_is_not_seen_before_it_is_complete(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    rename = Path.rename

    def look_first(file: Path, target: Path) -> Path:
        with pytest.raises(Empty):
            channel._get("jobs")
        seen.append(file.read_text())
        return rename(file, target)

    monkeypatch.setattr(Path, "rename", look_first)
    channel._put("jobs", {"body": "x"})
    assert seen == ['{"body": "x"}']
    assert channel._get("jobs") == {"body": "x"}


def test_an_exchange_is_readable_from_its_first_moment(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may publish while the first queue is being bound."""
    tables: list[object] = []
    bind = broker.filesystem.Channel._queue_bind

    def look_first(self: Any, *arguments: str) -> None:
        tables.append(self.get_table("jobs"))
        bind(self, *arguments)

    monkeypatch.setattr(broker.filesystem.Channel, "_queue_bind", look_first)
    (channel._exchange_file("jobs")).unlink(missing_ok=True)
    channel._queue_bind("jobs", "jobs", "", "jobs")
    assert tables == [[]]
    assert channel._exchange_file("jobs").exists()
    assert [row.queue for row in channel.get_table("jobs")] == ["jobs"]
