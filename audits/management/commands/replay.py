"""Deciding again under other weights, from the command line."""

import datetime as dt
import json
from argparse import ArgumentParser
from fractions import Fraction
from typing import Any

from django.core.management.base import CommandError

from audits.replay import selectors
from governance.commandline import EdgewiseCommand
from governance.systems.models import AISystem


class Command(EdgewiseCommand):
    help = "Print as JSON what other weights would have changed in the decisions logged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "weights", nargs="+", metavar="EDGE=WEIGHT", help="for example privacy=0.25 or 9/28"
        )
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--system", required=True)
        parser.add_argument("--rule", default="weighted_sum")
        parser.add_argument(
            "--from", dest="start", type=_moment, help="2026-11-01 or 2026-11-01T12:00:00+00:00"
        )
        parser.add_argument("--to", dest="end", type=_moment)

    def handle(self, *args: Any, **options: Any) -> None:
        found = AISystem.objects.filter(slug=options["system"], organisation__slug=options["organisation"])
        system = found.select_related("organisation").first()
        if system is None:
            raise CommandError("There is no such system in that organisation.")
        weights = dict(_weight(text) for text in options["weights"])
        if sum(weights.values()) != 1:
            raise CommandError(f"The weights sum to {sum(weights.values())}; they have to sum to exactly 1.")
        impact = selectors.impact(
            system=system,
            weights={edge: float(weight) for edge, weight in weights.items()},
            rule=options["rule"],
            start=options["start"],
            end=options["end"],
        )
        self.stdout.write(json.dumps(impact, indent=2, ensure_ascii=False))


def _weight(text: str) -> tuple[str, Fraction]:
    edge, _equals, weight = text.partition("=")
    try:
        return edge, Fraction(weight)
    except (ValueError, ZeroDivisionError):
        raise CommandError(f"{text} is not EDGE=WEIGHT.") from None


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
