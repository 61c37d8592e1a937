"""``python -m demo [DATA]``: the main job, end to end. ``make demo`` starts everything it needs around it."""

import logging
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
os.environ.setdefault("EDGEWISE_LOG_LEVEL", "WARNING")
django.setup()

from demo import main_job  # noqa: E402  (models can be imported only after the set-up)


def main() -> None:
    """One run on the built-in world, or on the data set named."""
    logging.getLogger("kombu").setLevel(logging.ERROR)
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    main_job.MainJob(*main_job.plan(data)).run()


if __name__ == "__main__":
    main()
