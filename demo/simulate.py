"""``python -m demo.simulate OUT.json``: the figures over seeds and the curve over conflict, in a process of its own."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from demo import measuring


def main() -> None:
    """Measure and keep; the file appears when it is whole."""
    out = Path(sys.argv[1])
    figures = {
        str(strength): {name: asdict(found) for name, found in found_at.items()}
        for strength, found_at in measuring.curve().items()
    }
    draft = out.with_suffix(".draft")
    draft.write_text(json.dumps(figures, indent=1))
    draft.replace(out)


if __name__ == "__main__":
    main()
