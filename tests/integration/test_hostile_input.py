"""What a hostile caller sends: NUL characters, numbers and times beyond every range, cursors never given out."""

import base64
import datetime as dt
import json

import pytest
from edgewise import record as sdk
from edgewise import tiles
from edgewise.errors import VerificationError

from audits.decisions import searching, streaming
from audits.decisions.models import Decision
from audits.ledger.services import MOST_IN_ONE_STATEMENT
from audits.reports.api import ReportOut
from audits.reports.models import Report
from governance.organisations.models import Person
from governance.policies import api as policies
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return worlds.make()


def option(**changes):
    return {**worlds.option("label", (0.7, 0.8, 0.9)), **changes}


def deep(levels, inner="\0"):
    for _ in range(levels):
        inner = [inner]
    return inner


HOSTILE = {
    "NUL in a fact": {"context": {"community": "a\0b"}},
    "NUL in a fact's name": {"context": {"a\0b": "x"}},
    "NUL in the model's version": {"model_version": "1\0"},
    "NUL in an option": {"options": [option(id="a\0")], "chosen": "a\0"},
    "NUL in a group": {"subject": {"ref": "s", "groups": {"g": "\0"}}},
    "a time before year 1": {"occurred_at": "0001-01-01T00:00:00+14:00"},
    "a weight beyond doubles": {"weights": {"safety": 9 * 10**308}},
    "a sum beyond doubles": {"weights": {"safety": 1e308, "privacy": 1e308, "expression": 1e308}},
    "a rate beyond doubles": {"sampling": {"rate": 9 * 10**308, "method": "m"}},
    "a value nested deep": {"input_counterfactuals": deep(400)},
    "a list for a text": {"kind": deep(400)},
    "a score beyond doubles": {"options": [option(edges={"safety": 10**400, "privacy": 0, "expression": 0})]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_is_refused_and_costs_nobody_else(client, world, name):
    answer = world.post(client, [world.record(), world.record(**HOSTILE[name]), world.record()])
    assert [item["status"] for item in answer.json()["items"]] == ["logged", "rejected", "logged"]
    assert Decision.objects.count() == 2


@pytest.mark.parametrize("changes", [{"id": "\ud800"}, {"\ud800": 1}])
def test_a_line_with_half_of_a_surrogate_pair_is_refused_and_costs_nobody_else(client, world, changes):
    """The answer for it would show what it names, and could not be written."""
    records = [world.record(), world.record(**changes), world.record()]
    body = "\n".join(map(json.dumps, records)).encode()
    answer = world.post(client, body, content_type=streaming.NDJSON)
    statuses = [json.loads(line)["status"] for line in answer.content.splitlines()]
    assert (answer.status_code, statuses) == (207, ["logged", "rejected", "logged"])


@pytest.mark.parametrize("offset", ["+16:00", "-23:59"])
@pytest.mark.parametrize("others", [0, MOST_IN_ONE_STATEMENT])
def test_a_far_offset_is_a_time_like_any_other(client, world, offset, others):
    """A few records go to PostgreSQL as texts, many as numbers."""
    records = [world.record() for _ in range(others)]
    records.append(world.record(occurred_at=f"2026-11-01T12:00:00{offset}"))
    assert world.post(client, records).status_code == 201
    stored = Decision.objects.get(uuid=records[-1]["id"]).occurred_at
    assert stored == dt.datetime.fromisoformat(records[-1]["occurred_at"])


def test_a_backslash_before_u0000_is_no_nul(client, world):
    assert world.post(client, world.record(model_version="\\u0000")).status_code == 201


def test_a_number_of_thousands_of_digits_is_malformed():
    with pytest.raises(sdk.MalformedJSONError):
        sdk.loads("9" * 5_000)


def test_a_tile_path_of_any_length_is_refused():
    with pytest.raises(VerificationError):
        tiles.parse_tile_path("tile/0/" + "x999/" * 5_000 + "999")


@pytest.mark.parametrize("text", ["9999-12-31T23:59-14:00", "0001-01-01T00:00+14:00"])
def test_a_date_at_the_end_of_the_calendar_is_refused(text):
    with pytest.raises(searching.FilterUnreadable):
        searching._moment({"to": text}, "to")


@pytest.mark.parametrize(
    "address", ["/decisions/?chosen=%00", "/api/v1/proposals?state=%00", "/reports/%00/"]
)
def test_nul_in_an_address_is_refused(client, address):
    assert client.get(address).status_code == 400


def test_nul_in_a_form_is_refused(client):
    assert client.post("/accounts/login/", {"login": "a\0", "password": "b"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (rb'{"kind": "\ud800"}', 400, "malformed"),
        (b"[" * 8_000, 400, "malformed"),
        (b'{"kind": ' + b"[" * 32 + b"]" * 32 + b"}", 400, "malformed"),
        (b'"' + b"x" * 2_700_000 + b'"', 413, "too_large"),
    ],
)
def test_a_hostile_body_is_told_so_in_a_problem_document(client, world, body, status, code):
    owner = world.people["owner"]
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/api/v1/reports", body, content_type="application/json")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_cursor_that_was_not_given_out_is_refused(client, world):
    from rest_framework.exceptions import NotFound
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    from governance.access.pages import ByKey

    cursor = base64.b64encode(b"p=abc").decode()
    request = Request(APIRequestFactory().get("/", {"cursor": cursor}))
    with pytest.raises(NotFound):
        ByKey().paginate_queryset(Person.objects.all(), request)


def test_a_report_on_no_system_is_listed():
    assert json.dumps(ReportOut().fields["system"].get_attribute(Report(system=None))) == "null"


@pytest.mark.parametrize("known", ["%s", "W/%s", '"x", %s', "*"])
def test_a_policy_is_known_by_any_form_of_its_tag(world, known):
    tag = policies.etag(world.policy)
    assert policies.names(known.replace("%s", tag), world.policy)
    assert not policies.names('"x", W/"y"', world.policy)
