"""``summary.json``: what a run left, for people and programs that come after it (docs/demo.md, api contract)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demo import cast, logs, tour
from demo.journal import Json, write_private
from governance.policies import selectors as policies

if TYPE_CHECKING:
    from demo.main_job import MainJob


def write(job: MainJob, accounts: Json, keys: Json, votes: Json, papers: Json, figures: Json) -> Path:
    """Writes it anew; returns its path."""
    path = job.folder / "summary.json"
    system = cast.system_of(job.scenario, job.scenario.edge_aware)
    proposal = job.proposal()
    first = policies.with_version(system=system, version=1)
    logged = {slug: logs.described(log, slug, job.url) for slug, log in logs.of(job.scenario).items()}
    document = {
        "base_url": job.url,
        "accounts": accounts["accounts"],
        "systems": _systems(job, keys, logged),
        "organisation_log": logged["_org"],
        "auditor_token": keys["auditor_token"],
        "proposal": {
            "url": f"{job.url}/proposals/{proposal.pk}/",
            "state": proposal.state,
            "policy_version": proposal.policy.version if proposal.policy else None,
        },
        "open_proposal": {"url": f"{job.url}/proposals/{job.journal.steps['open']['proposal']}/"},
        "votes": votes,
        "weights_before": first.weights_float if first else {},
        "weights_after": proposal.policy.weights_float if proposal.policy else {},
        "documents": papers,
        "results": figures,
        "seconds": round(job.journal.seconds, 1),
    }
    write_private(path, document)
    aware = job.scenario.edge_aware.slug
    key = keys["keys"][aware]
    tour.write(job.scenario, job.folder, job.url, key, logged[aware], proposal=proposal.pk)
    return path


def _systems(job: MainJob, keys: Json, logged: Json) -> Json:
    """Each system with its key and its log; ``decisions`` counts the records its model posted."""
    posted: dict[str, int] = {plan.slug: 0 for plan in job.scenario.systems}
    for name, counts in job.journal.steps.items():
        if name.startswith("post-"):
            for run, count in counts.items():
                plan = job.scenario.scalar if run == "baseline" else job.scenario.edge_aware
                posted[plan.slug] += count
    return {
        slug: {"api_key": keys["keys"][slug], **logged[slug], "decisions": count}
        for slug, count in posted.items()
    }
