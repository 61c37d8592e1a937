#!/usr/bin/env python3
"""Django's command line, for Edgewise: with DATABASE_URL as given, else with the embedded PostgreSQL of this home."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line


def embedded() -> None:
    """Start again inside `python -m governance.embedded shell`, which knows or starts the database; does not return."""
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent)
    shell = [sys.executable, "-m", "governance.embedded", "shell", "--"]
    os.execv(sys.executable, [*shell, sys.executable, *sys.argv])  # noqa: S606


if __name__ == "__main__":
    if not os.environ.get("DATABASE_URL"):
        embedded()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.config.settings")
    execute_from_command_line(sys.argv)
