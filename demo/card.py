"""The model card of the edge-aware system: written, approved, laid out by the worker, published, exported."""

import json
import time
import tomllib
from pathlib import Path

from django.utils import timezone

from demo import cast
from demo.journal import Json
from demo.scenario import Scenario
from governance.organisations.models import Person
from modelcards.cards import freezing, selectors
from modelcards.cards import services as cards
from modelcards.cards.models import CardVersion
from modelcards.cards.renderings import cyclonedx, huggingface

PATIENCE_SECONDS = 180.0
TEXTS = Path(__file__).with_name("card.toml")


def begin(scenario: Scenario) -> CardVersion:
    """The card's next version, written and approved; the worker lays it out. One in preparation is gone on with."""
    owner = Person.objects.get(username=cast.username(scenario, "owner"))
    system = cast.system_of(scenario, scenario.edge_aware)
    known = selectors.of_system(system=system)
    version = selectors.in_preparation(card=known) if known else None
    if version is None:
        version = cards.draft(system=system, by=owner, at=timezone.now(), reason="First decisions and votes")
    if version.state != CardVersion.State.DRAFT:
        return version
    texts = tomllib.loads(TEXTS.read_text())
    texts = texts["shared"] | texts["world" if scenario.name == "world" else "real"]
    version = cards.write(version=version, sections=texts, by=owner, at=timezone.now())
    manifest, evidence = freezing.freeze(version, at=timezone.now())
    return cards.approve(version=version, manifest=manifest, evidence=evidence, by=owner, at=timezone.now())


def publish(scenario: Scenario, version: CardVersion) -> CardVersion:
    """Published as soon as the worker has kept the PDF."""
    owner = Person.objects.get(username=cast.username(scenario, "owner"))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not version.pdf_sha256:
        if time.monotonic() > deadline:
            raise SystemExit("The worker did not lay out the model card in time. Does it run?")
        time.sleep(0.2)
        version.refresh_from_db()
    return cards.publish(version=version, by=owner, at=timezone.now())


def export(version: CardVersion, folder: Path) -> Json:
    """The Hugging Face README and the CycloneDX bill of materials; paths by the names of the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.loads(version.manifest)
    readme, bom = folder / "model-card.md", folder / "model-card.cdx.json"
    readme.write_text(huggingface.readme(manifest))
    bom.write_text(json.dumps(cyclonedx.bom(manifest), indent=2, ensure_ascii=False) + "\n")
    return {"model_card_md": str(readme), "model_card_cyclonedx": str(bom)}
