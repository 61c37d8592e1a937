"""The embedded broker: kombu's filesystem transport, with files that appear whole.

kombu opens a message's file before it locks and fills it, so that on a busy machine a worker can read a message of
which nothing is written yet, and dies of it. Here a file gets its name when its content is complete.
"""

import os
import uuid
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

UNFINISHED = ".part"


class Channel(filesystem.Channel):
    """Puts messages and exchange tables by renaming finished files."""

    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu does
        """The name is what `_get` sorts and selects by: time, unique, queue."""
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        unfinished = Path(self.data_folder_out) / (name + UNFINISHED)
        unfinished.write_text(dumps(payload))
        unfinished.rename(unfinished.with_name(name))

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """An exchange's table exists as an empty list before kombu adds to it under a lock."""
        table = self._exchange_file(exchange)
        if not table.exists():
            self._begin(table)
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _begin(self, table: Path) -> None:
        table.parent.mkdir(exist_ok=True)
        unfinished = table.with_name(f"{uuid.uuid4()}{UNFINISHED}")
        unfinished.write_text("[]")
        with suppress(FileExistsError):
            os.link(unfinished, table)
        unfinished.unlink()


class Transport(filesystem.Transport):
    """What `filesystem://` stands for once `install` was called."""

    Channel = Channel


def install() -> None:
    """Takes the place of kombu's own filesystem transport in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
