"""The form of a first policy: 100 points over the edges, and the terms."""

from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.edges.models import Edge
from governance.policies.models import Policy

POINTS = 100


class FirstPolicy(forms.Form):
    rule = forms.ChoiceField(label=_("How scores are combined"), choices=Policy.Rule.choices)
    clarification_threshold = forms.FloatField(
        label=_("Ask a clarifying question below this confidence"),
        min_value=0,
        max_value=1,
        required=False,
        help_text=_("From 0 to 1; empty means never."),
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    rationale_required = forms.BooleanField(
        label=_("Every decision has to state a rationale"), required=False
    )
    reference = forms.FloatField(
        label=_("Read assessments against this score"),
        min_value=0,
        max_value=1,
        required=False,
        help_text=_(
            "From 0 to 1, on every edge; empty means 0.5, the middle anchor. For records that choose nothing."
        ),
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    review_by = forms.DateField(
        label=_("To be reviewed by"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, edges: list[Edge], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edges = edges
        for edge in edges:
            self.fields[f"points-{edge.slug}"] = forms.IntegerField(
                label=edge.name,
                min_value=0,
                max_value=POINTS,
                widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": 1}),
            )

    def clean(self) -> dict[str, Any]:
        """The points have to add up."""
        cleaned = super().clean() or {}
        left = POINTS - sum(cleaned.get(f"points-{edge.slug}") or 0 for edge in self.edges)
        if not self.errors and left > 0:
            raise forms.ValidationError(_("%(n)s points left to place."), params={"n": left})
        if not self.errors and left < 0:
            raise forms.ValidationError(_("%(n)s points too many."), params={"n": -left})
        return cleaned

    @property
    def allocation(self) -> list[forms.BoundField]:
        return [self[f"points-{edge.slug}"] for edge in self.edges]

    @property
    def terms(self) -> list[forms.BoundField]:
        return [self[name] for name in self.base_fields]

    def stated_terms(self) -> dict[str, Any]:
        """The terms as the service takes them."""
        stated = {name: self.cleaned_data[name] for name in self.base_fields}
        score = stated["reference"]
        return {**stated, "reference": None if score is None else {edge.slug: score for edge in self.edges}}

    def weights(self) -> dict[str, Fraction]:
        """Exact shares of 1, by edge."""
        return {edge.slug: Fraction(self.cleaned_data[f"points-{edge.slug}"], POINTS) for edge in self.edges}
