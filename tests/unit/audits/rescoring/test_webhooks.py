"""One request to a scorer: bounded in time and size, sent where it was configured to go and nowhere else."""

import json
import time

import pytest

from audits.rescoring import webhooks
from tests.unit.audits.rescoring import worlds as scorers

MIB = 1024 * 1024
TRICKLE = 0.05


def post(url, **message):
    return webhooks.post(url=url, secret=b"k" * 32, identity="1", timestamp=0, message=message)


def dripping(pieces):
    for piece in pieces:
        time.sleep(TRICKLE)
        yield piece


def test_a_scorer_that_answers_a_byte_at_a_time_is_given_up(monkeypatch):
    """Each byte comes well within the limit; the answer does not."""
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 4 * TRICKLE)
    began = time.monotonic()
    with scorers.webhook(lambda _message: (200, dripping([b" "] * 1_200))) as (url, _received):
        with pytest.raises(webhooks.Unanswered, match="TimeoutError"):
            post(url)
        assert time.monotonic() - began < 1_200 * TRICKLE / 2


def test_a_large_request_and_the_largest_answer_arrive_whole():
    told = json.dumps("x" * (MIB - 2)).encode()
    assert len(told) == webhooks.MAX_ANSWER_BYTES
    with scorers.webhook(lambda _message: (200, told)) as (url, received):
        assert post(url, text="y" * (2 * MIB - 20)) == "x" * (MIB - 2)
    ((headers, body),) = received
    assert json.loads(body) == {"text": "y" * (2 * MIB - 20)}
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("pieces", [1, 64])
def test_an_answer_that_is_too_long_is_not_read_to_its_end(pieces):
    """With a length stated and without."""
    told = b" " * (MIB + 1) if pieces == 1 else [b" " * (MIB // 32)] * pieces
    with (
        scorers.webhook(lambda _message: (200, told)) as (url, _received),
        pytest.raises(webhooks.Unanswered, match=f"more than {MIB} bytes"),
    ):
        post(url)


def test_a_request_that_would_be_too_long_is_not_sent():
    with pytest.raises(webhooks.Unanswered, match="at most are sent"):
        post("http://127.0.0.1:9/", text="y" * 2 * MIB)


@pytest.mark.parametrize("path", ["", "/", "/score", "/score/", "/score?model=7&x=%20", "?a=b"])
def test_the_address_configured_is_the_address_called(path, monkeypatch):
    """Whatever the environment says of proxies."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with scorers.webhook(lambda _message: (200, b"{}")) as (url, received):
        assert post(url.removesuffix("/score") + path) == {}
    assert received[0][0][":path"] == (path if path.startswith("/") else f"/{path}")


def test_an_address_that_is_none_says_so():
    with pytest.raises(webhooks.Unanswered, match="could not be reached"):
        post("https://scorer.example:99999/")
