"""The logs as an outsider finds them: addresses, keys, and verification by the SDK's own command in another process."""

import os
import subprocess
import sys
import time

from audits.ledger import selectors as ledger
from audits.ledger.models import Log
from demo import cast
from demo.journal import Json
from demo.runs import ROOT
from demo.scenario import Scenario
from governance.organisations.models import Organisation

PATIENCE_SECONDS = 30.0


def of(scenario: Scenario) -> dict[str, Log]:
    """The log of each system by its slug, and the organisation's under ``_org``."""
    organisation = Organisation.objects.get(slug=scenario.organisation)
    logs = {plan.slug: cast.system_of(scenario, plan) for plan in scenario.systems}
    found = {slug: ledger.log_of(organisation=organisation, system=system) for slug, system in logs.items()}
    found["_org"] = ledger.log_of(organisation=organisation)
    return {slug: log for slug, log in found.items() if log is not None}


def described(log: Log, slug: str, base_url: str) -> Json:
    """What an auditor needs to verify the log, and its latest sealed state."""
    checkpoint = ledger.latest_checkpoint(log=log)
    return {
        "log_url": f"{base_url}/log/{log.organisation.slug}/{slug}",
        "origin": log.origin,
        "vkey": ledger.vkeys(log=log)[0],
        "private": not log.organisation.log_is_public,
        "tree_size": checkpoint.size if checkpoint else 0,
        "root_hash": bytes(checkpoint.root).hex() if checkpoint else None,
    }


def wait_until_sealed(logs: dict[str, Log]) -> None:
    """Until the signer has covered every entry; it is at most about a second behind."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if all(ledger.published_size(log=log) == ledger.size(log=log) for log in logs.values()):
            return
        time.sleep(0.1)
    raise SystemExit("The web process did not seal the logs. Does it run?")


def verify(scenario: Scenario, base_url: str) -> Json:
    """Every log, every entry and tile, over HTTP with the public key only."""
    logs = of(scenario)
    wait_until_sealed(logs)
    processes = {slug: _verifier(described(log, slug, base_url)) for slug, log in logs.items()}
    said: Json = {}
    for slug, process in processes.items():
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"The log of {slug} does not verify: {out}")
        said[slug] = out.strip().splitlines()[0]
    return said


def _verifier(log: Json) -> subprocess.Popen[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "edgewise", "verify", log["log_url"], "--vkey", log["vkey"], "--quiet"]
    return subprocess.Popen(
        command, cwd=ROOT, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
