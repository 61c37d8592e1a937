"""The parts of a card that people write: sections after Mitchell et al. 2019 (arXiv 1810.03993), in Markdown."""

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

# No raw HTML and no pictures: a card refers to nothing outside itself.
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
)


@dataclass(frozen=True)
class Section:
    """One section: its slug in the narrative, the standard's name for it, and what to write there."""

    slug: str
    title: str
    ask: Any


SECTIONS = (
    Section(
        "model_details", "Model Details", _("Who developed it, when, which type, licence, where to ask.")
    ),
    Section("intended_use", "Intended Use", _("Primary uses and users; uses that are out of scope.")),
    Section("factors", "Factors", _("Groups, instruments and surroundings that may change how it performs.")),
    Section(
        "metrics", "Metrics", _("Which measures were chosen and why; thresholds; how uncertainty is stated.")
    ),
    Section("evaluation_data", "Evaluation Data", _("Which data, why these, how they were prepared.")),
    Section("training_data", "Training Data", _("Which data, or why that cannot be told.")),
    Section(
        "quantitative_analyses",
        "Quantitative Analyses",
        _("How to read the results, unitary and intersectional."),
    ),
    Section(
        "ethical_considerations",
        "Ethical Considerations",
        _("Sensitive data, harms, what was done about them."),
    ),
    Section(
        "caveats",
        "Caveats and Recommendations",
        _("What was not tested, what to watch, for whom it is unfit."),
    ),
)
SLUGS = tuple(section.slug for section in SECTIONS)


def as_html(text: str, deeper: int = 2) -> SafeString:
    """Markdown as HTML that is safe to print; headings sink ``deeper`` levels under the section's own."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + deeper)}"
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return mark_safe(html)  # noqa: S308 - markdown-it escapes all HTML when html is off
