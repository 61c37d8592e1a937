"""The OpenAPI document in docs/ is the one the code produces."""

import io
from pathlib import Path

from django.core.management import call_command

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def test_the_snapshot_is_current_and_complete(capsys):
    produced = io.StringIO()
    call_command("spectacular", "--fail-on-warn", stdout=produced)
    assert produced.getvalue() == SNAPSHOT.read_text(), (
        "The API changed. If that is meant: manage.py spectacular --file docs/openapi.yaml, and a changelog line."
    )
