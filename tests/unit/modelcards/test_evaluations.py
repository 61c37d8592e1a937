"""Evaluation results: recorded, signed once, evidence for Annex IV 2(g)."""

import datetime as dt
import json
import random

import pytest
from django.db import IntegrityError, transaction

from audits.ledger import selectors as ledger
from governance.access import services as access
from modelcards.evaluations import selectors, services
from modelcards.evaluations.models import EvaluationResult
from tests.unit.modelcards.conftest import AT, DATA

BEFORE = AT - dt.timedelta(days=1)
LONGEST = (("suite", 80), ("metric", 80), ("model_version", 60))
RESULT = {"suite": "stress", "metric": "accuracy", "value": 0.8, "data_sha256": DATA, "measured_at": BEFORE}


def record(system, owner, **changes):
    return services.record(system=system, by=owner, at=AT, **{**RESULT, **changes})


def test_a_result_is_an_entry_of_the_systems_log(system, owner, organisation):
    result = record(system, owner, low=0.7, high=0.9)
    (event,) = ledger.events(organisation=organisation, system=system, type="evaluation.recorded")
    assert event.subject == f"evaluation:{result.pk}"
    assert DATA.encode() in ledger.entry(log=event.log, index=event.index)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"value": float("inf")}, "value_not_finite"),
        ({"low": 0.7}, "interval_wrong"),
        ({"low": 0.85, "high": 0.9}, "interval_wrong"),
        ({"data_sha256": "not a hash"}, "data_hash_missing"),
        ({"measured_at": AT + dt.timedelta(seconds=1)}, "measured_in_future"),
        ({"slice": {"community": "ü" * 500}}, "slice_too_long"),
    ],
)
def test_a_result_that_cannot_be_evidence_is_refused(system, owner, change, code):
    with pytest.raises(services.DomainError) as refusal:
        record(system, owner, **change)
    assert refusal.value.code == code
    assert not EvaluationResult.objects.exists()


def test_the_longest_result_fits_the_index(system, owner):
    """Letters drawn by chance, of four bytes each, since PostgreSQL packs what repeats."""
    drawn = random.Random(7)
    names = {
        name: "".join(chr(drawn.randrange(0x10000, 0x1F000)) for _ in range(most)) for name, most in LONGEST
    }
    slices = {name: drawn.randbytes(56).hex() for name in "abcdefgh"}
    assert record(system, owner, **names, edge="e" * 40, slice=slices).pk


def test_the_same_result_is_recorded_once(system, owner):
    record(system, owner)
    with pytest.raises(services.ResultExists):
        record(system, owner)


def test_a_result_is_signed_once(system, owner):
    signed = services.sign(result=record(system, owner), by=owner, at=AT)
    with pytest.raises(services.AlreadySigned):
        services.sign(result=signed, by=owner, at=AT)


def test_a_result_is_immutable_in_the_database(system, owner):
    result = record(system, owner)
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        EvaluationResult.objects.filter(pk=result.pk).update(value=0.99)


def test_evidence_reaches_back_and_stops_at_the_window(system, owner):
    record(system, owner)
    window = {"system": system, "start": AT, "end": AT + dt.timedelta(days=1)}
    assert len(selectors.evidence(**window)["evaluations"]) == 1
    assert selectors.evidence(system=system, start=AT, end=BEFORE)["evaluations"] == []


def post(client, secret, **changes):
    body = {**RESULT, "measured_at": BEFORE.isoformat(), **changes}
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    return client.post("/api/v1/evaluations", json.dumps(body), content_type="application/json", **bearer)


def test_a_suite_posts_with_the_systems_key(client, system, owner):
    _key, secret = access.create_api_key(system=system, label="suite", by=owner, at=AT)
    answer = post(client, secret, slice={"community": "de"})
    assert (answer.status_code, answer.json()["system"]) == (201, "feed")
    assert post(client, secret, slice={"community": "de"}).json()["code"] == "evaluation_exists"
    assert post(client, secret, system="another").status_code == 404


def test_a_key_without_the_scope_may_not(client, system, owner):
    _key, secret = access.create_api_key(
        system=system, label="model", by=owner, at=AT, scopes=("policy:read",)
    )
    assert post(client, secret).status_code == 403


def test_a_person_signs_over_the_api(client, system, owner, organisation):
    result = record(system, owner)
    _token, secret = access.create_personal_token(
        person=owner, organisation=organisation, label="t", scopes=access.TOKEN_SCOPES, by=owner, at=AT
    )
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.post(f"/api/v1/evaluations/{result.pk}/signature", **bearer).json()["signed_at"]
    assert (
        client.post(f"/api/v1/evaluations/{result.pk}/signature", **bearer).json()["code"]
        == "evaluation_signed"
    )
    assert len(client.get("/api/v1/evaluations", **bearer).json()["results"]) == 1
