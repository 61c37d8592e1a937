"""Writes a system's card into a folder in every form; without --publish nothing is kept."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.systems.models import AISystem
from modelcards.cards import freezing, selectors, services, tasks
from modelcards.cards.models import CardVersion
from modelcards.cards.renderings import cyclonedx, huggingface, plain


class Command(BaseCommand):
    help = "Write the newest published card of a system (or, with --publish, a new one) in every form."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organisation")
        parser.add_argument("system")
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--publish", action="store_true", help="draft, approve and publish a version first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = AISystem.objects.filter(organisation__slug=options["organisation"], slug=options["system"])
        system = found.select_related("organisation").first()
        if system is None:
            raise CommandError("There is no such system.")
        if options["publish"]:
            self._publish(system)
        card = selectors.of_system(system=system)
        version = selectors.published(slug=card.slug) if card else None
        if version is None:
            raise CommandError("This system has no published card; add --publish.")
        for path in written(version, options["folder"]):
            self.stdout.write(str(path))

    def _publish(self, system: AISystem) -> None:
        card = selectors.of_system(system=system)
        now = timezone.now()
        version = selectors.in_preparation(card=card) if card else None
        if version is None:
            version = services.draft(system=system, by=None, at=now, reason="Published by command")
        if version.state == CardVersion.State.DRAFT:
            manifest, evidence = freezing.freeze(version, at=now)
            version = services.approve(version=version, manifest=manifest, evidence=evidence, by=None, at=now)
        if not version.pdf_sha256:
            version = services.keep(version=version, pdf=tasks.laid_out(version), at=timezone.now())
        services.publish(version=version, by=None, at=timezone.now())


def written(version: CardVersion, folder: Path) -> list[Path]:
    """Writes every form of a published version; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.loads(version.manifest)
    with version.file.open("rb") as file:
        forms = {"card.pdf": file.read()}
    forms["README.md"] = huggingface.readme(manifest).encode()
    forms["bom.cdx.json"] = json.dumps(cyclonedx.bom(manifest), indent=2, ensure_ascii=False).encode()
    forms["card.json"] = json.dumps(plain.document(manifest), indent=2, ensure_ascii=False).encode()
    for name, content in forms.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in forms]
