"""Keys, tokens, problem documents and ``GET /api/v1/policy``."""

import datetime as dt
import json
import time
from contextlib import ExitStack
from fractions import Fraction as F
from types import SimpleNamespace

import pytest
from django.utils import timezone
from edgewise import notes
from rest_framework import exceptions
from rest_framework.test import APIClient

from governance import recent
from governance.access import problems, selectors, services
from governance.errors import DomainError
from governance.organisations import services as organisations
from governance.policies import services as policies
from governance.policies import signing, waiting

from .conftest import AT

URL = "/api/v1/policy"


@pytest.fixture
def policy(system, edge_set, owner):
    weights = {"safety": F(1, 2), "privacy": F(9, 28), "expression": F(5, 28)}
    return policies.set_first(system=system, weights=weights, by=owner, at=AT)


@pytest.fixture
def client(system, owner):
    _key, secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_model_fetches_its_policy_with_exact_weights_and_a_signature(client, policy):
    body = client.get(URL).json()
    assert body["weights_exact"]["privacy"] == "9/28"
    assert body["weights"]["safety"] == 0.5
    assert body["digest"] in client.get(URL)["ETag"]
    assert body["weights_exact"] == json.loads(notes.open_note(body["note"], [signing.vkey()]))["weights"]


def test_an_unchanged_policy_answers_304_with_its_tag(client, policy):
    tag = client.get(URL)["ETag"]
    again = client.get(URL, HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again["ETag"], again.content) == (304, tag, b"")
    assert not tag.startswith("W/")


def test_the_most_specific_policy_is_served(client, policy, system):
    policies.enact(
        system=system,
        weights={"safety": F(1), "privacy": F(0), "expression": F(0)},
        source={"kind": "council"},
        context={"community": "de"},
        by=None,
        at=AT,
    )
    assert client.get(URL, {"community": "de"}).json()["version"] == 2
    assert client.get(URL, {"community": "fr"}).json()["version"] == 1


def test_without_a_policy_the_answer_says_what_to_do(client):
    answer = client.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_policy")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", [None, "Bearer ew_wrong", "Bearer ewp_wrong", "Basic eDp5", "Bearer"])
def test_without_a_valid_key_nothing_is_told(policy, header):
    answer = APIClient().get(URL, **({"HTTP_AUTHORIZATION": header} if header else {}))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_person_is_no_model(policy, owner, organisation):
    _token, secret = services.create_personal_token(
        person=owner, organisation=organisation, label="t", by=owner, at=AT
    )
    answer = APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_key_without_the_scope_is_refused(policy, system, owner):
    _key, secret = services.create_api_key(
        system=system, label="t", scopes=("decisions:write",), by=owner, at=AT
    )
    assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 403


def test_a_revoked_and_an_expired_key_are_refused(policy, system, owner):
    key, secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    services.revoke_api_key(key=key, by=owner, at=AT)
    old = timezone.now() - dt.timedelta(days=2)
    _expired, expired = services.create_api_key(
        system=system, label="t", by=owner, at=old, expires_at=old + dt.timedelta(days=1)
    )
    for each in (secret, expired):
        assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {each}").status_code == 401


def test_only_a_hash_of_a_key_is_stored(system, owner):
    key, secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    stored = " ".join(str(value) for value in vars(key).values())
    assert secret not in stored
    assert key.digest == selectors.digest(secret)


def test_issuing_and_revoking_are_recorded(events, system, owner, organisation):
    events.clear()
    key, _secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    services.revoke_api_key(key=key, by=owner, at=AT)
    token, _secret = services.create_personal_token(
        person=owner, organisation=organisation, label="t", by=owner, at=AT
    )
    services.revoke_personal_token(token=token, by=owner, at=AT)
    kinds = ["api_key.created", "api_key.revoked", "personal_token.created", "personal_token.revoked"]
    assert [event.type for event in events] == kinds


def test_refusals_of_key_management(system, owner, organisation):
    key, _secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    services.revoke_api_key(key=key, by=owner, at=AT)
    with pytest.raises(services.AlreadyRevoked):
        services.revoke_api_key(key=key, by=owner, at=AT)
    with pytest.raises(services.UnknownScope):
        services.create_api_key(system=system, label="t", scopes=("all",), by=owner, at=AT)
    with pytest.raises(services.ExpiryInThePast):
        services.create_api_key(system=system, label="t", by=owner, at=AT, expires_at=AT)


def test_a_token_needs_a_role_in_the_organisation(owner, events):
    other = organisations.found(slug="south", name="South", at=AT)
    with pytest.raises(services.NotAMember):
        services.create_personal_token(person=owner, organisation=other, label="t", by=owner, at=AT)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.Throttled(wait=3.2), 429, "rate_limited"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.ParseError(), 400, "malformed"),
        (exceptions.ValidationError({"x": ["bad"]}), 400, "invalid"),
        (DomainError("no", field="x", limit=3), 422, "refused"),
    ],
)
def test_every_refusal_is_a_problem_document(error, status, code):
    response = problems.exception_handler(error, {})
    assert (response.status_code, response.data["code"], response.data["status"]) == (status, code, status)
    assert response.data["detail"]


def test_a_throttled_client_is_told_when_to_come_back():
    assert problems.exception_handler(exceptions.Throttled(wait=3.2), {})["Retry-After"] == "4"


def test_a_defect_is_not_dressed_up_as_a_refusal():
    assert problems.exception_handler(ZeroDivisionError(), {}) is None


@pytest.mark.parametrize(
    ("header", "seconds"), [("wait=7", 7), ("wait=9999", 30), ("", 0), ("respond-async", 0)]
)
def test_the_wait_asked_for_is_bounded(header, seconds):
    assert waiting.seconds(header) == seconds


def test_a_fifth_waiter_is_answered_at_once():
    with ExitStack() as stack:
        granted = [stack.enter_context(waiting.place()) for _ in range(waiting.MAX_WAITERS + 1)]
    assert granted == [True] * waiting.MAX_WAITERS + [False]


def test_a_waiting_model_sees_the_new_policy(client, policy, monkeypatch, system):
    """The enactment happens while the request waits; the answer is the new version and no 304."""
    tag = client.get(URL)["ETag"]

    def enact_meanwhile(_seconds):
        policies.enact(
            system=system,
            weights={"safety": F(1), "privacy": F(0), "expression": F(0)},
            source={"kind": "council"},
            key="once",
            by=None,
            at=timezone.now(),
        )

    monkeypatch.setattr("governance.policies.api.time.sleep", enact_meanwhile)
    answer = client.get(URL, HTTP_IF_NONE_MATCH=tag, HTTP_PREFER="wait=5")
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


def test_a_revoked_key_is_refused_at_once_by_the_process_that_revoked_it(
    policy, system, owner, django_capture_on_commit_callbacks
):
    key, secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        services.revoke_api_key(key=key, by=owner, at=AT)
    assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401


def test_a_revoked_key_is_refused_within_a_second_by_every_other_process(policy, system, owner, monkeypatch):
    key, secret = services.create_api_key(system=system, label="t", by=owner, at=AT)
    assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 200
    type(key).objects.filter(pk=key.pk).update(revoked_at=AT)
    later = time.monotonic() + 1.0
    monkeypatch.setattr(recent, "time", SimpleNamespace(monotonic=lambda: later))
    assert APIClient().get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401


def test_a_key_that_is_kept_is_refused_once_it_expired(policy, system, owner):
    now = timezone.now()
    _key, secret = services.create_api_key(
        system=system, label="t", by=owner, at=now, expires_at=now + dt.timedelta(hours=1)
    )
    assert selectors.api_key(secret=secret, at=now) is not None
    assert selectors.api_key(secret=secret, at=now + dt.timedelta(hours=1)) is None
