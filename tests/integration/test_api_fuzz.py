"""The whole API, from its own OpenAPI document: whatever arrives, no server error, and every answer as documented.

Deeper: ``FUZZ=200 FUZZ_SEEDS=1,2,3`` for that many examples of each operation, every phase and every caller.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.utils import timezone

from governance.access import services as access
from tests.integration import two_houses

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
DEEP = int(os.environ.get("FUZZ", "0"))
SEEDS = os.environ.get("FUZZ_SEEDS", "7").split(",")
# The examples and every edge of the schemas where a system may post, and a few requests at random everywhere.
EDGES = "--phases=examples,coverage,fuzzing"
BRIEF = {"system": [EDGES, "--include-path-regex=decisions$|feedback|logs|evaluations$"]}
CALLERS = ["system", "owner", "auditor", "nobody", *(["admin", "chair", "member"] if DEEP else [])]
SECONDS = 1_500


@pytest.fixture(scope="module")
def bearers(live_edgewise):
    """The key of a system, the tokens of people in each role, and nothing; there is one of everything to find."""
    house = two_houses.build(slug="fuzzed", at=timezone.now())
    found = {"system": house.secret, "nobody": ""}
    for role, person in house.people.items():
        _token, found[role] = access.create_personal_token(
            person=person,
            organisation=house.organisation,
            label="fuzz",
            scopes=access.TOKEN_SCOPES,
            by=person,
            at=timezone.now(),
        )
    return found


@pytest.fixture(scope="module")
def document(live_edgewise, bearers):
    """As served, its examples this house's own: a record, its contradiction, a batch, and one with a bad record."""
    with urllib.request.urlopen(f"{live_edgewise.url}/api/v1/openapi.json") as answer:
        served = json.loads(answer.read().replace(b"your-system", b"fuzzed-system"))
    content = served["paths"]["/api/v1/decisions"]["post"]["requestBody"]["content"]
    del content["application/x-ndjson"]["examples"]  # schemathesis cannot write NDJSON
    body = content["application/json"]
    record, (_first, other) = (body["examples"][name]["value"] for name in ("Record", "Batch"))
    body["examples"] |= {
        "Contradiction": {"value": record | {"chosen": "remove"}},
        "Mixed": {"value": [other, other | {"id": record["id"], "system": "another"}]},
    }
    return served


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("caller", CALLERS)
def test_every_answer_is_a_documented_one(live_edgewise, bearers, document, caller, seed, tmp_path):
    """Valid and invalid data for every operation; schemathesis prints the requests to repeat."""
    bearer = [f"--header=Authorization: Bearer {bearers[caller]}"] if bearers[caller] else []
    part = [f"{EDGES},stateful"] if DEEP else BRIEF.get(caller, ["--phases=fuzzing"])
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("st"), "run", "openapi.json", f"--url={live_edgewise.url}"),
            *bearer,
            *part,
            *(f"--checks={','.join(CHECKS)}", "--continue-on-failure", "--no-shrink"),
            *(f"--max-examples={DEEP or 2}", f"--seed={seed}", "--generation-database=none"),
            *("--request-timeout=60", "--warnings=off", "--no-color", "--report-har-path=asked.har"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-1_000:]
    if caller == "system":
        assert {201, 207, 409, 422} <= posted(tmp_path / "asked.har")


def posted(har: Path) -> set[int]:
    """The statuses with which records were answered."""
    asked = json.loads(har.read_text())["log"]["entries"]
    return {
        entry["response"]["status"]
        for entry in asked
        if entry["request"]["method"] == "POST"
        and entry["request"]["url"].partition("?")[0].endswith("/api/v1/decisions")
    }
