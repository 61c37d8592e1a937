"""Starting the models' own processes, and reading what came of them."""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo import cast, poster
from demo.journal import Journal, Json
from demo.scenario import Scenario, SystemPlan
from governance.policies import signing

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One model process: a system, the rows it decides on, and the name of what it leaves in the folder."""

    plan: SystemPlan
    start: int
    stop: int
    name: str


def job_of(scenario: Scenario, run: Run, folder: Path, url: str) -> Path:
    """The job file of a run, with the material beside it."""
    material = folder / f"{run.plan.slug}.npz"
    run.plan.material.save(material)
    path = folder / f"{run.name}.json"
    poster.Job(
        url=url,
        policy_vkey=signing.vkey(),
        system=run.plan.slug,
        model_version=cast.MODEL_VERSION,
        context_key=scenario.context_key,
        places=list(scenario.places),
        edges=list(scenario.edge_slugs),
        options=list(scenario.options),
        asks=scenario.threshold is not None and run.plan is scenario.edge_aware,
        material=str(material),
        start=run.start,
        stop=run.stop,
        out=str(outcome_path(folder, run.name)),
    ).write(path)
    return path


def outcome_path(folder: Path, name: str) -> Path:
    """Where a run leaves its outcome."""
    return folder / f"{name}-outcome.npz"


def start(job: Path, api_key: str) -> subprocess.Popen[str]:
    """A process that knows the server by its address and its key only."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "demo.poster", str(job)],
        cwd=ROOT,
        env={**kept, "EDGEWISE_API_KEY": api_key, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def post(
    scenario: Scenario, runs: list[Run], keys: dict[str, str], folder: Path, url: str, journal: Journal
) -> Json:
    """Runs the models side by side; says what they say."""
    processes = [start(job_of(scenario, run, folder, url), keys[run.plan.slug]) for run in runs]
    try:
        listeners = [threading.Thread(target=_listen, args=(process, journal)) for process in processes]
        for listener in listeners:
            listener.start()
        for listener in listeners:
            listener.join()
    finally:
        codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit("A model could not post its decisions; see the lines above.")
    counts = {run.name: int(load(folder, run.name).records) for run in runs}
    for run in runs:
        outcome = load(folder, run.name)
        rate = outcome.records / outcome.seconds
        journal.say(f"  {run.name}: {outcome.records} decisions in {outcome.seconds:.1f} s ({rate:.0f}/s)")
    return counts


def _listen(process: subprocess.Popen[str], journal: Journal) -> None:
    for line in process.stdout or ():
        journal.say(f"  {line.rstrip()}")


def load(folder: Path, name: str) -> poster.Outcome:
    """The outcome that a run left."""
    with np.load(outcome_path(folder, name)) as file:
        return poster.Outcome(
            chosen=file["chosen"],
            asked=file["asked"],
            confidence=file["confidence"],
            version=file["version"],
            records=int(file["records"]),
            seconds=float(file["seconds"]),
        )
