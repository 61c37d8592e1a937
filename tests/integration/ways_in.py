"""Every way in which a decision comes into the log over HTTP, for tests that try them all."""

import contextlib
import gzip
import http.client
import json
from dataclasses import dataclass, field
from typing import Any

from audits.decisions import cloudevents, otlp
from tests.unit.audits.decisions.test_otlp import log_record, message, packed_message


@dataclass
class Request:
    """What is posted, and where."""

    body: bytes
    kind: str = "application/json"
    path: str = "/api/v1/decisions?brief=1"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def statuses(self) -> list[str]:
        """What became of each record, where the way in tells it."""
        lines = self.body.splitlines() if "ndjson" in self.headers["Content-Type"] else [self.body]
        found = [json.loads(line) for line in lines]
        return [item["status"] for part in found for item in part.get("items", [part])]


def event(record: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent whose data are the record."""
    attributes = {"specversion": "1.0", "id": record["id"], "source": "/models", "type": cloudevents.TYPE}
    return {**attributes, "data": record}


def plain(*records: dict[str, Any]) -> Request:
    return Request(json.dumps(records).encode())


def lines(*records: dict[str, Any]) -> Request:
    body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    return Request(body, "application/x-ndjson")


def structured(record: dict[str, Any]) -> Request:
    return Request(json.dumps(event(record)).encode(), cloudevents.STRUCTURED)


def batched(*records: dict[str, Any]) -> Request:
    return Request(json.dumps([event(record) for record in records]).encode(), cloudevents.BATCHED)


def binary(record: dict[str, Any]) -> Request:
    names = {f"ce-{name}": value for name, value in event(record).items() if name != "data"}
    return Request(json.dumps(record).encode(), headers=names)


def otlp_json(*records: dict[str, Any]) -> Request:
    body = json.dumps(message(*map(log_record, records))).encode()
    return Request(body, otlp.JSON, "/v1/logs")


def otlp_protobuf(*records: dict[str, Any]) -> Request:
    return Request(packed_message(otlp_json(*records).body), otlp.PROTOBUF, "/v1/logs")


ALONE = {"structured": structured, "binary": binary}
TOGETHER = {
    "array": plain, "lines": lines, "batch": batched, "OTLP JSON": otlp_json, "OTLP protobuf": otlp_protobuf
}  # fmt: skip
ALL = ALONE | TOGETHER
TELLING = {name: way for name, way in TOGETHER.items() if not name.startswith("OTLP")}


def packed(request: Request) -> Request:
    """The same, compressed."""
    headers = {**request.headers, "Content-Encoding": "gzip"}
    return Request(gzip.compress(request.body), request.kind, request.path, headers)


def send(url: str, request: Request, *, bearer: str, **more: str) -> Answer:
    """Posts it on a connection of its own."""
    address = url.removeprefix("http://")
    headers = {"Content-Type": request.kind, **request.headers, **more}
    headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
    with contextlib.closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        connection.request("POST", request.path, request.body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
