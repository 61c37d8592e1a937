"""Laying out approved cards, and drafting the next one when a policy has taken effect."""

import datetime as dt
import json
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from audits.reports import documents
from governance.jobs import services as jobs
from governance.jobs import tasks as jobs_tasks
from governance.jobs.models import Job
from governance.policies import selectors as policies
from modelcards.cards import freezing, selectors, services
from modelcards.cards.models import CardVersion


@jobs_tasks.job_task("cards.render")
def render(job: Job) -> dict[str, Any]:
    """Lays out the PDF of an approved version and keeps it."""
    version = selectors.with_id(id=job.arguments["version"])
    assert version is not None, "a job is written together with its version"
    if version.pdf_sha256:
        return {"card": version.card.slug, "version": version.number, "sha256": version.pdf_sha256}
    jobs.advance(job=job, percent=20, text="Laying out the pages")
    pdf = laid_out(version)
    jobs.advance(job=job, percent=90, text="Keeping the file and its hash")
    kept = services.keep(version=version, pdf=pdf, at=timezone.now())
    return {"card": kept.card.slug, "version": kept.number, "sha256": kept.pdf_sha256}


def laid_out(version: CardVersion) -> bytes:
    """The PDF of a frozen version: the same bytes every time."""
    manifest = json.loads(version.manifest)
    cut = dt.datetime.fromisoformat(manifest["about"]["data_cut"])
    return documents.pdf(freezing.TEMPLATE, manifest, evidence=version.evidence.encode(), cut=cut)


@shared_task(name="cards.draft_next", ignore_result=True)
def draft_next() -> int:
    """Drafts the next version of every card whose system has a newer policy than its last version knows."""
    drafted = 0
    for card in selectors.all_cards():
        newest = policies.history(system=card.system).first()
        last = selectors.versions(card=card).first()
        if newest is None or last is None or last.state != CardVersion.State.PUBLISHED:
            continue
        if newest.version > (last.policy_version or 0):
            reason = _("Policy %d took effect") % newest.version
            services.draft(system=card.system, by=None, at=timezone.now(), part="minor", reason=reason)
            drafted += 1
    return drafted
