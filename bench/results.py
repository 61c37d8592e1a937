"""What a run of the benchmarks leaves in EDGEWISE_HOME."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench import curve
from bench.measures import Measure


def keep(chosen: str, found: Sequence[Measure], folder: Path) -> list[Path]:
    """Writes every figure as JSON, and for ten million records what one costs as a picture; what was written."""
    figures = folder / (f"bench-{chosen}.json" if chosen else "bench.json")
    kept = [measure.as_json() for measure in found]
    figures.write_text(json.dumps(kept, indent=1) + "\n")
    if chosen != "10m":
        return [figures]
    picture = figures.with_suffix(".svg")
    picture.write_text(curve.svg(kept))
    return [figures, picture]
