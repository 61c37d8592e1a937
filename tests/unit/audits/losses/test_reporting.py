"""Lost records that the model reports among its log records (OTLP)."""

import json

from django.db import OperationalError
from django.test import Client

from audits.decisions import otlp
from audits.losses import reporting, services
from tests.unit.audits.decisions.test_otlp import message, pairs
from tests.unit.audits.losses.standing import entries, kept


def export(world, *reports):
    sent = [
        {
            "eventName": otlp.LOST,
            "attributes": pairs(dict(zip(("edgewise.process", "edgewise.lost_total"), each, strict=True))),
        }
        for each in reports
    ]
    body = json.dumps(message(*sent)).encode()
    headers = {"Authorization": f"Bearer {world.secret}"}
    return Client(headers=headers).post("/v1/logs", body, content_type=otlp.JSON)


def test_log_records_report_the_highest_count_of_each_process(world):
    answer = export(world, ("a", 2), ("b", "3"), ("a", 5), ("a", 4))
    assert (answer.status_code, answer.json()) == (200, {})
    assert kept() == {"a": 5, "b": 3}
    assert len(entries(world)) == 2
    export(world, ("a", 5))
    assert len(entries(world)) == 2


def test_a_log_record_that_reports_no_count_or_no_name_is_rejected_alone(world):
    answer = export(world, ("a", "many"), ("a b", 1), ("a", 2))
    rejected = answer.json()["partialSuccess"]
    assert (answer.status_code, rejected["rejectedLogRecords"]) == (200, "2")
    assert "1 x lost_total_malformed" in rejected["errorMessage"]
    assert "1 x process_malformed" in rejected["errorMessage"]
    assert kept() == {"a": 2}


def test_one_request_reports_for_so_many_processes_and_no_more(world, monkeypatch):
    monkeypatch.setattr(reporting, "MOST_PROCESSES", 2)
    answer = export(world, ("a", 1), ("b", 1), ("c", 1))
    assert answer.status_code == 413
    assert answer.json()["message"].startswith("too_large: At most 2 processes")
    assert kept() == {}
    assert export(world, ("a", 1), ("b", 1), ("b", 2)).status_code == 200


def test_a_log_record_that_the_database_does_not_take_is_to_be_sent_again(world, monkeypatch):
    def away(**_):
        raise OperationalError("away")

    monkeypatch.setattr(services, "report", away)
    answer = export(world, ("a", 1))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
