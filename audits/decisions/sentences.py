"""Verdicts, and what figures rest on, in plain words."""

from django.utils.translation import gettext_lazy as _

WEIGHTED = _("weighted: the model logs a share of its decisions")
LINKS = {
    "parent": _("Follows the decision"),
    "clarification": _("After the dialog"),
    "trace_id": _("Trace"),
    "span_id": _("Span"),
}
VERDICTS = {
    "missed_clarification": _("Answered while unsure, without asking"),
    "norm_violation": _("Broke a hard norm"),
    "outside_bounds": _("Personal weights outside the bounds"),
    "partial": _("Scores were missing"),
    "stale_policy": _("Applied a policy no longer in force"),
    "unexplained": _("No rationale where one is asked for"),
    "wrong_choice": _("Did not choose the best option"),
    "wrong_policy": _("Applied the wrong policy"),
}
