"""Forms of edges and hard norms."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.edges import services
from governance.edges.models import Edge

SPARE_ROWS = 2


class EdgeCard(forms.Form):
    slug = forms.CharField(
        label=_("Short name"),
        max_length=40,
        required=False,
        help_text=_("As the model names it in its records, e.g. freedom-of-expression."),
    )
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    definition = forms.CharField(
        label=_("What it judges"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    anchor_low = forms.CharField(label=_("What 0 means"), required=False)
    example_low = forms.CharField(label=_("An example of 0"), required=False)
    anchor_mid = forms.CharField(label=_("What 0.5 means"), required=False)
    example_mid = forms.CharField(label=_("An example of 0.5"), required=False)
    anchor_high = forms.CharField(label=_("What 1 means"), required=False)
    example_high = forms.CharField(label=_("An example of 1"), required=False)
    scorer = forms.CharField(
        label=_("Scored by"),
        max_length=120,
        required=False,
        help_text=_("The scorer and its version, e.g. toxicity@2026-11."),
    )
    calibration = forms.CharField(
        label=_("Calibrated on"),
        required=False,
        help_text=_("Which data people rated to check the scorer, and where they come from."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    calibration_n = forms.IntegerField(label=_("Number of rated items"), min_value=1, required=False)
    calibration_metric = forms.CharField(
        label=_("Measured as"), max_length=40, required=False, help_text=_("E.g. rmse, the typical distance.")
    )
    calibration_value = forms.FloatField(label=_("Value measured"), required=False)
    calibration_low = forms.FloatField(label=_("95 % interval from"), required=False)
    calibration_high = forms.FloatField(label=_("95 % interval to"), required=False)
    parent = forms.CharField(
        label=_("Group"),
        max_length=40,
        required=False,
        help_text=_("Short name of a group defined above; leave empty for none."),
    )

    def clean(self) -> dict[str, Any]:
        """A row left empty is skipped; one begun has to be complete."""
        cleaned = super().clean() or {}
        needed = ("slug", "name", "definition", "anchor_low", "anchor_mid", "anchor_high")
        if any(cleaned.get(name) for name in needed):
            for name in needed:
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill this in, or empty the whole edge to leave it out."))
        return cleaned


def formset(data: Any, current: list[Edge]) -> "forms.BaseFormSet[EdgeCard]":
    """One form per edge of the current set, and spare rows for more."""
    kind = forms.formset_factory(EdgeCard, extra=SPARE_ROWS if current else 4)
    initial = [
        {name: getattr(edge, name) for name in EdgeCard.base_fields if name != "parent"}
        | {"parent": edge.parent.slug if edge.parent else ""}
        for edge in current
    ]
    return kind(data, initial=initial, prefix="edge")


def cards(rows: "forms.BaseFormSet[EdgeCard]") -> list[services.EdgeCard]:
    """The edges that were filled in, in order."""
    return [form.cleaned_data for form in rows if form.cleaned_data.get("slug")]  # type: ignore[misc]


class NewNorm(forms.Form):
    edge = forms.ChoiceField(label=_("Edge"))
    minimum = forms.DecimalField(
        label=_("Smallest score allowed"),
        min_value=Decimal(0),
        max_value=Decimal(1),
        decimal_places=6,
        help_text=_("From 0 to 1. An option below it is ruled out, whatever the weights."),
    )
    z = forms.DecimalField(
        label=_("Standard deviations of safety margin"),
        min_value=Decimal(0),
        decimal_places=3,
        initial=Decimal(0),
        help_text=_("0 judges the score itself; 1 the score less one standard deviation."),
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, edges: list[Edge], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["edge"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(edge.slug, edge.name) for edge in edges]
