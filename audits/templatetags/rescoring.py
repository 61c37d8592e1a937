"""What independent scorers said, on the page of a decision."""

from collections.abc import Mapping
from typing import Any

from django import template

from audits.decisions.models import Decision
from audits.rescoring import pages

register = template.Library()


@register.inclusion_tag("audits/rescoring/again.html")
def scored_again(decision: Decision, names: Mapping[str, str]) -> dict[str, Any]:
    """Reported beside independent scores; nothing where nobody scored the decision again."""
    return {"rows": pages.again(decision=decision), "names": names}
