"""The scripted server and a client of it."""

import threading
from collections.abc import Iterator

import edgewise
import pytest
from edgewise import backoff

from tests.unit.sdk.scripted import Server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    scripted = Server()
    thread = threading.Thread(target=scripted.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield scripted
    scripted.http.shutdown()
    scripted.http.server_close()
    thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[edgewise.Client]:
    with edgewise.Client(server.url, "ew_key", patience=0.5) as made:
        yield made
