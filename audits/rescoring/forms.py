"""The form that names an independent scorer."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.rescoring import routes
from governance.edges.models import Edge


class Appoint(forms.Form):
    edge = forms.ChoiceField(label=_("Edge"))
    scorer = forms.CharField(
        label=_("Independent scorer"),
        max_length=120,
        help_text=_("Its name and version, e.g. judge@7; not the scorer that the model uses."),
    )
    route = forms.ChoiceField(label=_("Reached as"), help_text=_("The operator of this server lists these."))
    share = forms.FloatField(
        label=_("Share of decisions, percent"),
        min_value=0.01,
        max_value=100,
        initial=5,
        help_text=_("Drawn at random, so that the model cannot tell which."),
    )
    discloses = forms.MultipleChoiceField(
        label=_("Sealed values it may read"),
        required=False,
        choices=[("text", _("The text of the input")), ("labels", _("The labels of the options"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each sending is stated in the log. Scores, subject and rationale never leave."),
    )

    def __init__(self, data: Any, *, edges: list[Edge]) -> None:
        super().__init__(data)
        cast("forms.ChoiceField", self.fields["edge"]).choices = [(edge.slug, edge.name) for edge in edges]
        cast("forms.ChoiceField", self.fields["route"]).choices = [(name, name) for name in routes.names()]

    def clean_share(self) -> float:
        return float(self.cleaned_data["share"]) / 100
