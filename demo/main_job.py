"""The main job, end to end: decide, vote, follow the vote, document, verify, measure."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from councils.deliberation.models import Proposal
from demo import (
    assembly,
    audit,
    builtin,
    cast,
    crehate,
    documents,
    evaluating,
    logs,
    outcomes,
    real,
    results,
    runs,
    summary,
    table,
)
from demo.journal import Journal, Json
from demo.runs import Run
from demo.scenario import CouncilPlan, Scenario


@dataclass(frozen=True, slots=True)
class Phase:
    """Some posts of the edge-aware model, after the votes of ``councils``."""

    name: str
    label: str
    start: int
    stop: int
    councils: tuple[CouncilPlan, ...]


def phases(scenario: Scenario) -> list[Phase]:
    """Half of the posts before any vote, the rest after the votes."""
    n = len(scenario.edge_aware.material.place)
    half, middle = n // 2, n // 2 + n // 4
    before = Phase("before", "before any vote", 0, half, ())
    council = (scenario.council,)
    if not scenario.own_councils:
        return [before, Phase("after", "after the vote", half, n, council)]
    return [
        before,
        Phase("after", "after one vote for all", half, middle, council),
        Phase("after-own", "after each community's own vote", middle, n, scenario.own_councils),
    ]


def plan(data: Path | None) -> tuple[Scenario, Path]:
    """The scenario, and the folder that keeps what it leaves."""
    root = Path(settings.EDGEWISE_HOME) / "demo"
    if data is None:
        return builtin.plan(), root
    if not crehate.recognises(data):
        raise SystemExit(f"{data} has no {' and '.join(crehate.FILES)}; docs/demo.md describes the layout.")
    return real.plan(data.resolve()), root / data.resolve().name


class MainJob:
    """One run. Every step is done once; a second run reads what the first one left."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.journal = Journal(folder)
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self.url = settings.EDGEWISE_BASE_URL
        self.simulation: subprocess.Popen[bytes] | None = None
        self.voting_seconds = assembly.VOTING_SECONDS

    def run(self) -> None:
        """From nothing to the table."""
        self._start_simulation()
        try:
            self._run()
        finally:
            if self.simulation is not None and self.simulation.poll() is None:
                self.simulation.terminate()

    def _run(self) -> None:
        step, say = self.journal.step, self.journal.say
        accounts = step(
            "cast",
            "People for each role, two AI systems, edges, a hard norm, weights set without a vote",
            self._found,
        )
        self.voting_seconds = assembly.voting_seconds(accounts["seconds"])
        keys = step("keys", "API keys for the models", lambda: cast.hand_out_keys(self.scenario))
        votes: Json = {}
        for phase in phases(self.scenario):
            votes |= self._phase(phase, keys["keys"])
        step("open", "A further proposal is left open for votes", self._leave_open)
        say(
            "The worker assesses every record: what drove it, how sure it was, whether it followed the policy"
        )
        audit.wait_until_assessed()
        step("evaluate", "Evaluation results are recorded and signed", self._evaluate)
        papers = step("documents", "Model card, compliance report, minutes", lambda: self._documents(votes))
        say("Every log is verified over HTTP, with its public key only")
        for line in logs.verify(self.scenario, self.url).values():
            say(f"  {line}")
        figures, rows = self._measure()
        kept = summary.write(self, accounts, keys, votes, papers, figures)
        self._tell(rows, kept)

    def _found(self) -> Json:
        """How long it takes tells how fast this machine is: the members get time to vote by that."""
        started = time.monotonic()
        return {**cast.found(self.scenario), "seconds": round(time.monotonic() - started, 1)}

    def _start_simulation(self) -> None:
        """The figures over seeds take a while: another process works them out meanwhile."""
        self.figures = self.work / "figures.json"
        if self.scenario.name == "world" and not self.figures.exists():
            command = [sys.executable, "-m", "demo.simulate", str(self.figures)]
            self.simulation = subprocess.Popen(command, cwd=runs.ROOT)

    def _phase(self, phase: Phase, keys: dict[str, str]) -> Json:
        """The vote before these posts, if there is one, and the posts; what the vote led to."""
        votes: Json = {}
        if phase.councils:
            names = ", ".join(council.name for council in phase.councils)
            votes[phase.name] = self.journal.step(
                f"vote-{phase.name}", f"Council votes: {names}", lambda: self._vote(phase)
            )
        self.journal.step(
            f"post-{phase.name}",
            f"The models decide and post, each from its own process ({phase.label})",
            lambda: self._post(phase, keys),
        )
        return votes

    def _vote(self, phase: Phase) -> Json:
        """What the vote is about shows what it would have changed: everything logged is assessed first."""
        audit.wait_until_assessed()
        enacted = assembly.hold(
            self.scenario, phase.councils, self.journal, voting_seconds=self.voting_seconds
        )
        return {"policies": enacted}

    def _post(self, phase: Phase, keys: dict[str, str]) -> Json:
        wanted = [Run(self.scenario.edge_aware, phase.start, phase.stop, phase.name)]
        if not phase.councils:
            everything = len(self.scenario.scalar.material.place)
            wanted.insert(0, Run(self.scenario.scalar, 0, everything, "baseline"))
        return runs.post(self.scenario, wanted, keys, self.work, self.url, self.journal)

    def _leave_open(self) -> Json:
        return {"proposal": assembly.leave_open(self.scenario).pk}

    def _evaluate(self) -> Json:
        last = phases(self.scenario)[-1]
        rows = slice(last.start, last.stop)
        return {"results": evaluating.record(self.scenario, last.name, rows, self.work)}

    def _documents(self, votes: Json) -> Json:
        (proposal, *_) = votes["after"]["policies"]
        return documents.make(self.scenario, int(proposal), self.folder / "documents", self.journal)

    def _measure(self) -> tuple[Json, list[table.Row]]:
        """Simulated seeds or real judgements, then the decisions logged in this run."""
        if self.simulation is not None:
            self.journal.say("The figures over seeds are worked out")
            if self.simulation.wait():
                raise SystemExit("The simulation failed; see the lines above.")
        if self.scenario.name == "world":
            figures, rows = results.of_world(results.read_figures(json.loads(self.figures.read_text())))
        else:
            figures, rows = results.of_judgements(self.scenario)
        spans = {phase.name: slice(phase.start, phase.stop) for phase in phases(self.scenario)}
        found, findings = audit.findings(self.scenario)
        gains = outcomes.gains(self.scenario, spans, self.work)
        logged, more = results.of_log(gains, {phase.name: phase.label for phase in phases(self.scenario)})
        return {**figures, **logged, **found}, [*rows, *more, *findings]

    def _tell(self, rows: list[table.Row], kept: Path) -> None:
        title = (
            "Built-in world" if self.scenario.name == "world" else f"Real judgements: {self.scenario.name}"
        )
        print()
        print("\n".join(table.lines(title, rows)))
        print()
        for account in json.loads(kept.read_text())["accounts"]:
            print(f"  {account['role']:9s} {account['username']:20s} {account['password']}")
        print(f"\n  {kept}")
        self.journal.say("Done" if self.journal.fresh else "Everything existed already; nothing was posted")

    def proposal(self) -> Proposal:
        """The first council's proposal."""
        return Proposal.objects.get(
            council__organisation__slug=self.scenario.organisation, council__slug=self.scenario.council.slug
        )
