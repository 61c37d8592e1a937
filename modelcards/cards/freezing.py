"""A card version becomes a manifest: its text, and its figures at one moment."""

import datetime as dt
from typing import Any

from django.conf import settings

from audits.ledger import selectors as ledger
from audits.reports import manifest, soundness, tables
from audits.reports.manifest import Json
from governance.systems import selectors as systems
from governance.systems.models import AISystem
from modelcards.cards import decision, figures, sections
from modelcards.cards.models import CardVersion

TEMPLATE = "modelcards/cards/document.html"


def freeze(version: CardVersion, *, at: dt.datetime) -> tuple[Json, bytes]:
    """The manifest and evidence of ``version``, every figure as of ``at``."""
    system = version.card.system
    cut = at.replace(microsecond=0)
    answers = figures.gather(system=system, at=cut)
    record = system_record(system)
    body = sections.body(
        system=record,
        decision=decision.facts(system, answers[decision.QUERY].rows),
        narrative=version.narrative,
        evidences=answers,
    )
    about = _about(version, record, cut)
    return manifest.freeze(
        kind="model_card",
        about=about,
        evidences=list(answers.values()),
        body=body,
        checkpoint=soundness.sealed(organisation=system.organisation, system=system),
    )


def system_record(system: AISystem) -> dict[str, str]:
    """The system's own record as texts."""
    newest = systems.versions(system=system).first()
    log = ledger.log_of(organisation=system.organisation, system=system)
    return {
        "slug": system.slug,
        "name": system.name,
        "purpose": system.purpose,
        "organisation": system.organisation.name,
        "position": system.position,
        "risk_class": system.risk_class,
        "risk_reasoning": system.risk_reasoning,
        "officer": str(system.accountable_officer) if system.accountable_officer else "",
        "model_version": newest.name if newest else "",
        "log": log.origin if log else "",
    }


def _about(version: CardVersion, record: dict[str, str], cut: dt.datetime) -> Json:
    facts: list[list[Any]] = [
        ["System", record["name"]],
        ["Organisation", record["organisation"]],
        ["Model version", record["model_version"] or "Not stated"],
        ["Card version", f"{version.number} ({version.reason})"],
        ["Data cut", tables.minute(cut)],
    ]
    return {
        "card": version.card.slug,
        "version": version.number,
        "title": "Model card",
        "subtitle": f"{record['name']}, version {version.number}",
        "facts": facts,
        "foot": f"Edgewise model card {version.card.slug} {version.number}",
        "classification": "Public",
        "data_cut": cut.isoformat(timespec="seconds"),
        "data_cut_text": tables.minute(cut),
        "verify_url": f"{settings.EDGEWISE_BASE_URL}/cards/{version.card.slug}/{version.number}/",
    }
