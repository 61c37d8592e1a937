"""What independent scorers said, on the page of a decision."""

from typing import Any

from django import template

from audits.decisions.explaining import Explanation
from audits.rescoring import pages

register = template.Library()


@register.inclusion_tag("audits/rescoring/again.html")
def scored_again(explanation: Explanation) -> dict[str, Any]:
    """Reported beside independent scores; nothing where nobody scored the decision again."""
    rows = pages.again(decision=explanation.decision, options=explanation.options)
    return {"rows": rows, "names": explanation.names}
