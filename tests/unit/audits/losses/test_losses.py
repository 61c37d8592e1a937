"""Records that a model lost, as it reports itself: heard with a batch, kept only as they rise, told to people."""

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.test import Client

from audits.ledger.models import LoggedEvent
from audits.losses import hearing, metrics, selectors, services
from audits.losses.models import LossReport
from governance.access.models import ApiKey
from tests.unit.audits.losses.standing import AT, entries, kept


def post(world, total=None, process=None):
    headers = {"Edgewise-Lost-Total": total, "Edgewise-Process": process}
    client = Client(headers={name: value for name, value in headers.items() if value is not None})
    answer = world.post(client, world.record())
    assert answer.status_code == 201, answer.content
    return answer


def test_each_rise_of_each_process_is_kept_with_an_entry(world):
    for total, process in [("2", "a"), ("2", "a"), ("5", "a"), ("1", "b"), ("3", None)]:
        post(world, total, process)
    assert kept() == {"a": 5, "b": 1, "": 3}
    assert selectors.total(system=world.system) == 9
    facts = [(each.get("subject", ""), each["facts"]) for each in entries(world)]
    assert facts == [
        ("process:a", {"total": 2, "more": 2}),
        ("process:a", {"total": 5, "more": 3}),
        ("process:b", {"total": 1, "more": 1}),
        ("", {"total": 3, "more": 3}),
    ]
    assert entries(world)[0]["by"] == f"key:{ApiKey.objects.get().pk}"


def test_a_lower_count_changes_nothing(world):
    post(world, "5", "a")
    post(world, "4", "a")
    hearing._heard.clear()
    post(world, "3", "a")
    assert kept() == {"a": 5}
    assert len(entries(world)) == 1


@pytest.mark.parametrize("total", ["-1", "1.5", "", " 1", "x", "1e3", "٣", "9" * 16, "9" * 6_000])
def test_what_is_no_count_is_passed_over_and_the_batch_logged(world, total, caplog):
    post(world, total, "a")
    assert kept() == {}
    assert "Passed over" in caplog.text


@pytest.mark.parametrize("process", ["a b", "a\u00e9", "x" * 65, "/", "a'"])
def test_a_process_that_cannot_be_named_is_passed_over(world, process):
    hearing.hear({hearing.TOTAL: "1", hearing.PROCESS: process}, key=ApiKey.objects.get(), at=AT)
    assert kept() == {}


def test_fifteen_digits_are_kept(world):
    post(world, "9" * 15, "a")
    assert kept() == {"a": int("9" * 15)}


@pytest.mark.parametrize("total", [None, "0"])
def test_nothing_lost_asks_the_database_nothing(world, total, monkeypatch):
    monkeypatch.setattr(services, "report", None)
    post(world, total, "a")


def test_what_was_heard_asks_the_database_nothing(world, django_assert_num_queries):
    post(world, "5", "a")
    key = ApiKey.objects.get()
    with django_assert_num_queries(0):
        hearing.hear({hearing.TOTAL: "5", hearing.PROCESS: "a"}, key=key, at=AT)


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
def test_what_the_database_did_not_take_is_heard_again(world, monkeypatch, caplog, trouble):
    """A connection that is gone raises what is no DatabaseError."""

    def away(**_):
        raise trouble("away")

    with monkeypatch.context() as down:
        down.setattr(services, "report", away)
        post(world, "5", "a")
    assert "heard again" in caplog.text
    post(world, "5", "a")
    assert kept() == {"a": 5}


def test_when_the_log_refuses_nothing_is_kept(world, settings):
    settings.GOVERNANCE_TRAIL = f"{__name__}.refuse"
    with pytest.raises(RuntimeError):
        services.report(key=ApiKey.objects.get(), process="a", total=1, at=AT)
    assert kept() == {}


def refuse(events):
    raise RuntimeError("the log refuses")


def test_the_database_refuses_a_second_count_of_a_process_and_a_negative_one(world):
    post(world, "1", "a")
    row = LossReport.objects.get()
    with pytest.raises(IntegrityError, match="loss_report_is_not_negative"), transaction.atomic():
        LossReport.objects.update(total=-1)
    row.pk = None
    with pytest.raises(IntegrityError, match="loss_report_is_one"), transaction.atomic():
        row.save()


def test_people_see_it_on_the_page_over_the_api_and_in_metrics(world, client):
    owner = world.people["owner"]
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/systems/{world.system.slug}/"
    before = client.get(url).content.decode()
    assert "Records lost by the model, as it reports itself" in before
    assert "has reported no lost record" in before
    assert "Records lost by the model" not in client.get("/").content.decode()
    post(world, "5", "a")
    post(world, "2", "b")
    assert ": 7 records" in client.get(url).content.decode()
    assert "Records lost by the model" in client.get("/").content.decode()
    told = client.get(f"/api/v1/systems/{world.system.slug}/losses").json()
    assert told["lost_total"] == 7
    assert [(each["process"], each["total"]) for each in told["processes"]] == [("b", 2), ("a", 5)]
    assert client.get("/api/v1/systems/elsewhere/losses").status_code == 404
    (family,) = metrics.metrics()
    assert [(sample.labels["system"], sample.value) for sample in family.samples] == [(world.system.slug, 7)]


def test_the_log_says_it_in_a_sentence(world, client):
    post(world, "5", "a")
    client.force_login(world.people["owner"], backend="django.contrib.auth.backends.ModelBackend")
    index = LoggedEvent.objects.get(type="records.lost").index
    url = f"/log/{world.organisation.slug}/{world.system.slug}/entries/{index}/"
    assert url in client.get(f"/systems/{world.system.slug}/").content.decode()
    page = client.get(url).content.decode()
    assert "The model reports 5 decisions that never reached the log, 5 of them new" in page
