"""A witness that cannot answer for one log confirms the others all the same: asked over HTTP, answered by a server that
does what a test says for the first log and cosigns every other.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from edgewise import notes, submissions
from edgewise.notes import NoteSigner

from audits.ledger import confirmation, feeder, selectors, services, signer, witness_client, witnesses
from audits.ledger.models import Contact, Cosignature, Head, Log
from tests.unit.audits.ledger import worlds

SIGNER = NoteSigner("witness.example/w", b"\5" * 32, notes.ED25519_COSIGNATURE)
STRANGER = NoteSigner("stranger.example/w", b"\6" * 32, notes.ED25519_COSIGNATURE)
Answer = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, body: bytes = b"no\n", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    """The request was read whole, and the connection ends."""
    request.close_connection = True


@dataclass
class Partial:
    """A witness that is no good for one log: what it does then, and how often it was asked about which."""

    url: str = ""
    bad: str = ""
    does: Answer = hangs_up
    asked: Counter[str] = field(default_factory=Counter)

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        text, _signatures = notes.split(submissions.parse(body).checkpoint)
        origin = text.partition("\n")[0]
        self.asked[origin] += 1
        good = answers(200, SIGNER.line(text, int(worlds.AT.timestamp())).encode())
        (self.does if origin == self.bad else good)(request)


@pytest.fixture
def partial(tmp_path, settings) -> Iterator[Partial]:
    """The one witness that is listed, on a port of its own."""
    found = Partial()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.take(self)

        def log_message(self, *words: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        settings.EDGEWISE_WITNESSES = tmp_path / "witnesses"
        settings.EDGEWISE_WITNESSES.write_text(f"witness w {SIGNER.vkey} {found.url}\nquorum w\n")
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """What the feeder takes for the time: it stands still, unless a test moves it."""
    now = [1_000.0]
    monkeypatch.setattr(feeder, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
def logs(organisation, partial: Partial) -> list[Log]:
    """Three logs that wait for the witness; the first is the one that it is no good for."""
    found = [worlds.empty_log(organisation) for _ in range(3)]
    signer.publish_all(at=worlds.AT)
    partial.bad = found[0].origin
    return found


@pytest.fixture
def feed(partial: Partial, logs: list[Log], clock: list[float], monkeypatch) -> Iterator[feeder._Feed]:
    """The witness's thread as an object. The connection is that of the test's transaction: it stays open."""
    monkeypatch.setattr(feeder, "close_old_connections", lambda: None)
    (listed,) = witnesses.listed()
    found = feeder._Feed(listed)
    yield found
    found._way.close()


def confirmed(logs: list[Log]) -> list[bool]:
    return [Cosignature.objects.filter(log=log).exists() for log in logs]


def problem(log: Log) -> str:
    return Contact.objects.get(log=log).problem


@pytest.mark.parametrize(
    ("does", "word"),
    [
        (answers(500), witness_client.FAILING),
        (answers(503), witness_client.FAILING),
        (answers(403), witness_client.KEY_NOT_ACCEPTED),
        (answers(404), witness_client.LOG_UNKNOWN),
        (answers(418), witness_client.NOT_UNDERSTOOD),
        (answers(422), witness_client.CONTRADICTION),
        (answers(200, b""), witness_client.COSIGNATURE_WRONG),
        (answers(200, SIGNER.line("another checkpoint\n", 1).encode()), witness_client.COSIGNATURE_WRONG),
        (answers(200, STRANGER.line("another checkpoint\n", 1).encode()), witness_client.COSIGNATURE_WRONG),
        (answers(200, b"x" * (submissions.MAX_BYTES + 1)), witness_client.NOT_UNDERSTOOD),
    ],
)
def test_an_error_for_one_log_delays_no_other(
    feed: feeder._Feed, partial: Partial, logs: list[Log], clock: list[float], does: Answer, word: str
) -> None:
    """The others are confirmed in the same round; the one that failed is asked about less and less often."""
    partial.does = does
    assert feed.round() == feeder.EVERY_SECONDS
    assert confirmed(logs) == [False, True, True]
    assert problem(logs[0]) == word
    for seconds, times in ((0.9, 1), (0.2, 2), (1.8, 2), (0.3, 3)):
        clock[0] += seconds
        feed.round()
        assert partial.asked[partial.bad] == times
    partial.does = answers(200, SIGNER.line(notes.split(note_of(logs[0]))[0], 1).encode())
    clock[0] += feeder.LONGEST_PAUSE
    feed.round()
    assert confirmed(logs) == [True, True, True]
    assert problem(logs[0]) == ""


@pytest.mark.parametrize(("status", "alarming"), [(403, False), (404, False), (422, True), (500, False)])
def test_only_another_history_is_alarming(
    feed: feeder._Feed, partial: Partial, logs: list[Log], caplog, status: int, alarming: bool
) -> None:
    """422: the proof does not lead from what the witness has seen. Anything else is for its operator to put right."""
    partial.does = answers(status)
    feed.round()
    (standing,) = confirmation.standings(log=logs[0])
    assert standing.alarming == alarming
    (said,) = [record for record in caplog.records if logs[0].origin in record.getMessage()]
    assert said.levelname == ("CRITICAL" if alarming else "WARNING")


def test_a_log_that_cannot_prove_its_past_is_found_when_a_witness_asks_for_it(
    feed: feeder._Feed, partial: Partial, logs: list[Log], monkeypatch, caplog
) -> None:
    """The witness has seen 40 of 300 entries, and a tile from which to go on is gone; others are confirmed."""
    worlds.fill(logs[0], 0, 300)
    signer.publish(log=logs[0], at=worlds.AT)
    partial.does = answers(409, b"40\n", Content_Type=submissions.SIZE_TYPE)
    monkeypatch.setattr(selectors.tile_queries, "tile", lambda **asked: None)
    feed.round()
    assert confirmed(logs) == [False, True, True]
    assert partial.asked[partial.bad] == 1
    checkpoint = selectors.latest_checkpoint(log=logs[0])
    assert checkpoint
    (listed,) = witnesses.listed()
    refusal = feeder.feed(witness=listed, way=feed._way, checkpoint=checkpoint, at=worlds.AT)
    assert refusal
    assert refusal.problem == witness_client.LOG_DAMAGED
    assert "cannot prove its own past" in caplog.text


def note_of(log: Log) -> str:
    found = confirmation.served(log=log, at=worlds.AT)
    assert found
    return found.note


@pytest.mark.parametrize(
    ("does", "word"), [(hangs_up, witness_client.UNREACHABLE), (answers(429), witness_client.ASKED_TOO_OFTEN)]
)
def test_a_witness_that_cannot_answer_is_left_alone_and_asked_about_others_first(
    feed: feeder._Feed, partial: Partial, logs: list[Log], clock: list[float], does: Answer, word: str
) -> None:
    """No answer, or too many questions: that ends the round. The next one begins with the logs that were not asked
    about yet, so that one log alone cannot keep the others from being confirmed.
    """
    partial.does = does
    pause = feed.round()
    assert feeder.FIRST_PAUSE / 2 <= pause <= feeder.FIRST_PAUSE
    assert (confirmed(logs), problem(logs[0])) == ([False, False, False], word)
    assert not any(partial.asked[log.origin] for log in logs[1:])
    clock[0] += feeder.FIRST_PAUSE
    assert feed.round() <= feeder.FIRST_PAUSE
    assert confirmed(logs) == [False, True, True]


@pytest.mark.parametrize("status", [429, 503])
def test_a_log_waits_for_as_long_as_the_witness_asks(
    feed: feeder._Feed, partial: Partial, logs: list[Log], clock: list[float], status: int
) -> None:
    """`Retry-After` is never undercut."""
    partial.does = answers(status, Retry_After="30")
    feed.round()
    for seconds, times in ((29.0, 1), (1.1, 2)):
        clock[0] += seconds
        feed.round()
        assert partial.asked[partial.bad] == times


def test_a_witness_that_is_away_is_asked_less_and_less_often(
    feed: feeder._Feed, partial: Partial, logs: list[Log], clock: list[float]
) -> None:
    """Once in a round, whatever the number of logs, until it answers."""
    (listed,) = witnesses.listed()
    away = feeder._Feed(witnesses.Witness("http://127.0.0.1:1", listed.keys))
    pauses = []
    for _ in range(9):
        pauses.append(away.round())
        clock[0] += feeder.LONGEST_PAUSE
    assert all(
        earlier * 2 >= later
        for earlier, later in zip(pauses, [each / 2 for each in pauses[1:]], strict=False)
    )
    assert feeder.LONGEST_PAUSE / 2 <= pauses[-1] <= feeder.LONGEST_PAUSE
    assert confirmed(logs) == [False, False, False]


def test_a_log_that_cannot_prove_its_past_delays_no_other(
    feed: feeder._Feed, partial: Partial, logs: list[Log], caplog
) -> None:
    """Its head is damaged: the others are confirmed in the same round, and it is asked about less often."""
    partial.bad = ""
    for size in (3, 6):
        for log in logs:
            services.append(log=log, entries=worlds.numbered(size - 3, size))
        signer.publish_all(at=worlds.AT)
        if size == 6:
            Head.objects.filter(log=logs[0]).update(size=7, edge=b"\0")
        feed.round()
    (listed,) = witnesses.listed()
    assert [confirmation.confirmed_size(log=log, witness=listed) for log in logs] == [3, 6, 6]
    told = [each for each in caplog.records if each.levelname == "CRITICAL"]
    assert [logs[0].origin in each.getMessage() for each in told] == [True]
    feed.round()
    assert partial.asked[logs[0].origin] == 1


@pytest.mark.parametrize(
    "error", [ValueError(), OSError(24, "Too many open files"), OperationalError("away")]
)
def test_the_thread_goes_on_after_whatever_a_round_raises(
    feed: feeder._Feed, partial: Partial, logs: list[Log], monkeypatch, error: Exception
) -> None:
    """Nothing starts it again."""
    partial.bad = ""

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(feeder, "connection", SimpleNamespace(connection=None, close=lambda: None))
    monkeypatch.setattr(feed, "_has_turn", lambda: True)
    with monkeypatch.context() as broken:
        broken.setattr(feeder.confirmation, "waiting", fail)
        assert 0 < feed.round() <= feeder.FIRST_PAUSE
    feed.round()
    assert confirmed(logs) == [True, True, True]
