"""Verdicts, and what figures rest on, in plain words."""

from django.utils.translation import gettext_lazy as _

from audits.ledger import sentences as trail

WEIGHTED = _("weighted: the model logs a share of its decisions")
LINKS = {
    "parent": _("Follows the decision"),
    "clarification": _("After the dialog"),
    "trace_id": _("Trace"),
    "span_id": _("Span"),
}
KINDS = {"choice": _("Choice"), "assessment": _("Assessment")}
VERDICTS = trail.VERDICTS
