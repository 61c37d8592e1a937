"""Every code of the decisions API, and what is kept beside a refusal."""

import datetime as dt
import gzip
import json
import uuid
import zlib

import pytest
from django.db import OperationalError
from django.utils import timezone

from audits.decisions import intake, services, throttling
from audits.decisions.models import Decision
from governance.access import services as access
from governance.policies import services as policies
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return worlds.make()


def option(**changes):
    return {**worlds.option("label", (0.7, 0.8, 0.9)), **changes}


def edges(**changes):
    found = {"safety": 0.7, "privacy": 0.8, "expression": 0.9, **changes}
    return {edge: score for edge, score in found.items() if score != "gone"}


REFUSED = {
    "missing_field": {"policy": None},
    "unknown_field": {"colour": "red"},
    "missing_edge": {"options": [option(edges=edges(privacy="gone"))]},
    "unknown_edge": {"options": [option(edges=edges(beauty=0.5))]},
    "score_out_of_range": {"options": [option(edges=edges(privacy=1.5))]},
    "weights_not_normalised": {"weights": {"safety": 0.5, "privacy": 0.4, "expression": 0.2}},
    "chosen_missing": {"chosen": None},
    "chosen_not_an_option": {"chosen": "ban"},
    "duplicate_option": {"options": [option(), option()]},
    "too_many_options": {"options": [option(id=f"o{n}") for n in range(33)], "chosen": "o1"},
    "occurred_in_future": {"occurred_at": "2100-01-01T00:00:00Z"},
    "context_too_large": {"context": {f"k{n}": "v" for n in range(17)}},
    "too_large": {"rationale": "x" * 2_000_000},
    "wrong_system": {"system": "another"},
    "unknown_policy": {"policy": {"version": 99, "digest": "00"}},
    "malformed": {"id": "not-a-uuid"},
}


@pytest.mark.parametrize("code", REFUSED)
def test_each_refusal_has_its_code_and_costs_nobody_else(client, world, code):
    bad = world.record(**REFUSED[code])
    alone = world.post(client, bad)
    assert alone.status_code == 422
    (item,) = alone.json()["items"]
    assert (item["status"], item["error"]["code"]) == ("rejected", code)
    assert item["error"]["detail"]
    assert item["error"]["retryable"] is (code == "occurred_in_future")
    mixed = world.post(client, [world.record(), bad, world.record()])
    assert mixed.status_code == 207
    assert [each["status"] for each in mixed.json()["items"]] == ["logged", "rejected", "logged"]
    assert Decision.objects.count() == 2


@pytest.mark.parametrize("code", REFUSED)
def test_each_refusal_says_what_to_do(world, code):
    record = json.dumps(world.record(**REFUSED[code])).encode()
    (outcome,) = services.log(system=world.system, records=[record], at=timezone.now())
    assert (outcome.problem.code, outcome.problem.remedy[-1:]) == (code, ".")


@pytest.mark.parametrize("score", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_scores_that_are_not_finite_make_the_record_or_body_malformed(client, world, score):
    text = json.dumps(world.record()).replace("0.7", score)
    response = world.post(client, text.encode())
    assert response.status_code in (400, 422)
    answered = response.json()
    assert (answered.get("code") or answered["items"][0]["error"]["code"]) == "malformed"
    assert Decision.objects.count() == 0


def test_a_broken_array_is_refused_whole_with_the_byte(client, world):
    good = json.dumps(world.record()).encode()
    response = world.post(client, b"[" + good + b", {]")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "malformed"
    assert response.json()["byte"] == len(good) + 4
    assert Decision.objects.count() == 0


def test_more_than_an_array_may_carry(client, world, monkeypatch):
    assert world.post(client, b"[" + b"1," * 5_000 + b"1]").status_code == 413
    response = world.post(client, b"[" + b" " * intake.MAX_BYTES + b"]")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_bomb_is_refused_while_it_unpacks(client, world):
    bomb = zlib.compress(b"[" + b" " * 300_000_000, wbits=31)
    response = world.post(client, bomb, HTTP_CONTENT_ENCODING="gzip")
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"content_type": "text/csv"}, 415),
        ({"HTTP_CONTENT_ENCODING": "br"}, 415),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 400),
    ],
)
def test_bodies_that_cannot_be_read(client, world, extra, status):
    response = world.post(client, b"not gzip", **extra)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("bearer", ["", "Bearer ew_wrong", "Basic abc", "Bearer ewp_wrong"])
def test_without_a_valid_key_nothing_is_said(client, world, bearer):
    response = client.post(
        "/api/v1/decisions", b"{}", content_type="application/json", HTTP_AUTHORIZATION=bearer
    )
    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


def test_a_key_without_the_scope_is_forbidden(client, world):
    _key, secret = access.create_api_key(
        system=world.system, label="reads", scopes=("policy:read",), by=None, at=timezone.now()
    )
    headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    response = client.post("/api/v1/decisions", b"{}", content_type="application/json", **headers)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_who_posts_too_often_is_told_when_to_come_back(client, world, monkeypatch):
    monkeypatch.setattr(throttling, "RATE", 2.0)
    throttling._buckets.clear()
    answers = [world.post(client, world.record()) for _ in range(5)]
    limited = answers[-1]
    assert limited.status_code == 429
    assert limited.json()["code"] == "rate_limited"
    assert int(limited.headers["Retry-After"]) >= 1
    throttling._buckets.clear()


def test_limits_are_stated(client, world):
    found = client.get("/api/v1/limits", **world.bearer).json()
    assert found["records"] == 5000
    assert found["bytes"] == 8 * 1024 * 1024
    assert found["record_bytes"] == 48 * 1024
    assert found["nesting"] == 32


def lines(*records):
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)


def answered(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return [json.loads(line) for line in content.splitlines()]


def test_ndjson_answers_line_by_line_and_a_broken_line_costs_only_itself(client, world):
    body = lines(world.record(), b'{"id": ', world.record(), b"x" * (intake.MAX_LINE_BYTES + 1))
    response = world.post(client, body, content_type="application/x-ndjson")
    assert response.status_code == 207
    items = answered(response)
    assert [item["status"] for item in items] == ["logged", "rejected", "logged", "rejected"]
    assert [item["error"]["code"] for item in items[1::2]] == ["malformed", "too_large"]
    assert "Send fewer options or shorter texts" in items[3]["error"]["detail"]


def test_ndjson_has_no_length_limit(client, world):
    records = [world.record() for _ in range(1201)]
    response = world.post(
        client,
        gzip.compress(lines(*records)),
        content_type="application/x-ndjson",
        HTTP_CONTENT_ENCODING="gzip",
    )
    items = answered(response)
    assert [item["id"] for item in items] == [record["id"] for record in records]
    assert Decision.objects.count() == 1201


def test_an_unknown_policy_enacted_a_moment_ago_is_known(client, world):
    world.post(client, world.record())
    policy = policies.enact(
        system=world.system,
        weights=world.policy.weights_exact,
        source={"kind": "owner"},
        by=None,
        at=timezone.now(),
    )
    record = world.record(policy={"version": policy.version, "digest": policy.digest})
    assert world.post(client, record).status_code == 201


def test_another_organisations_system_keeps_its_own_ids(client, world):
    other = worlds.make("south")
    shared = str(uuid.uuid4())
    assert world.post(client, world.record(id=shared)).status_code == 201
    assert other.post(client, other.record(id=shared)).json()["items"][0]["status"] == "logged"


def test_an_empty_array_logs_nothing(client, world):
    response = world.post(client, [])
    assert (response.status_code, response.json()) == (201, {"items": []})


def test_a_clock_slightly_ahead_is_accepted(client, world):
    soon = (timezone.now() + dt.timedelta(minutes=4)).isoformat()
    assert world.post(client, world.record(occurred_at=soon)).status_code == 201


def test_a_stream_that_the_database_breaks_off_says_so_in_its_last_line(world, client, monkeypatch):
    """Without it a client would take 500 answers for all there are: the response itself ends in good order."""
    log_lines = intake.log_lines
    batches = iter([log_lines])

    def once(*arguments):
        found = next(batches, None)
        if found is None:
            raise OperationalError("the server closed the connection unexpectedly")
        return found(*arguments)

    monkeypatch.setattr(intake, "log_lines", once)
    body = lines(*(world.record() for _ in range(intake.LINES_PER_COMMIT + 1)))
    response = world.post(client, body, content_type="application/x-ndjson", query="?brief=1")
    *results, last = answered(response)
    assert [item["status"] for item in results] == ["logged"] * intake.LINES_PER_COMMIT
    assert last["id"] is None
    assert last["error"]["code"] == "database_away"
    assert last["error"]["retryable"] is True
