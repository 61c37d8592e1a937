"""Commands of the operator say a refusal with its stable code."""

import pytest
from django.core.management import CommandError, call_command

TERMS = (
    "--name",
    "Assistant",
    "--purpose",
    "Answers.",
    "--risk-class",
    "limited",
    "--risk-reasoning",
    "None.",
)


def test_a_refusal_ends_a_command_with_its_code(organisation, system):
    with pytest.raises(CommandError, match=r"^system_exists: A system with this short name exists"):
        call_command("register_system", organisation.slug, system.slug, *TERMS)
