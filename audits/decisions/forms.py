"""The search form of decisions, and the forms that work a finding."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.decisions import selectors
from audits.decisions.models import Decision
from audits.decisions.sentences import KINDS, VERDICTS
from audits.decisions.sentences import LINKS as WORDS
from governance.edges import selectors as edges
from governance.organisations import selectors as organisations
from governance.organisations.models import Organisation, Person
from governance.systems import selectors as systems
from governance.systems.models import AISystem

_DATE = forms.DateInput(attrs={"type": "date"})


class Search(forms.Form):
    """Filters of the list of decisions; every field may stay empty."""

    system = forms.ChoiceField(label=_("System"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    chosen = forms.CharField(label=_("Option chosen"), required=False, max_length=256)
    driving_edge = forms.ChoiceField(label=_("Deciding edge"), required=False)
    verdict = forms.ChoiceField(label=_("Followed the policy"), required=False)
    disposition = forms.ChoiceField(label=_("Outcome"), required=False)
    margin_below = forms.DecimalField(
        label=_("Margin below, points"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("For example 3"),
    )

    def __init__(self, data: Any, *, organisation: Organisation, system: AISystem | None) -> None:
        super().__init__(data)
        found = systems.visible_to(organisation=organisation)
        self._choices("system", [(each.slug, each.name) for each in found], _("Every system"))
        slugs = [] if system is None else _edges(system)
        self._choices("driving_edge", slugs, _("Any"))
        deviations = [("any", _("Did not, in any way")), *VERDICTS.items()]
        self._choices("verdict", deviations, _("Whether or not"))
        self._choices("disposition", list(Decision.Disposition.choices), _("Any"))
        self._choices("kind", list(KINDS.items()), _("Any"))
        self._contexts(system)
        self.fields["from"] = forms.DateField(label=_("From"), required=False, widget=_DATE)
        self.fields["to"] = forms.DateField(label=_("To"), required=False, widget=_DATE)
        for name, label in WORDS.items():
            self.fields[name] = forms.CharField(label=label, required=False, max_length=256)

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that are always shown."""
        return [bound for bound in self if bound.name not in WORDS]

    @property
    def ties(self) -> list[forms.BoundField]:
        """The ids that tie decisions together, shown on request or when one is asked for."""
        return [self[name] for name in WORDS]

    @property
    def asks_ties(self) -> bool:
        return any(self.data.get(name) for name in WORDS)

    def _choices(self, name: str, choices: list[Any], empty: object) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = [("", empty), *choices]

    def _contexts(self, system: AISystem | None) -> None:
        """A choice for each context key that has few values."""
        values = {} if system is None else selectors.context_values(system=system)
        for key, found in values.items():
            if 1 < len(found) <= 60:
                choices = [("", _("Any")), *((value, value) for value in found)]
                label = key[:1].upper() + key[1:]
                self.fields[f"context.{key}"] = forms.ChoiceField(
                    label=label, required=False, choices=choices
                )

    def query(self) -> dict[str, str]:
        """What is asked for, as ``searching.filters`` reads it; what is not valid asks for nothing."""
        if not self.is_valid():
            return {}
        asked = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if "margin_below" in asked:
            asked["margin_below"] = asked["margin_below"] / 100
        return {name: str(value) for name, value in asked.items()}


def _edges(system: AISystem) -> list[tuple[str, str]]:
    current = edges.current_set(system=system)
    return [(edge.slug, edge.name) for edge in edges.leaves(edge_set=current)] if current is not None else []


class Assign(forms.Form):
    """Who answers for a finding, and by when."""

    owner = forms.ModelChoiceField(label=_("Who answers for it"), queryset=Person.objects.none())
    due_on = forms.DateField(label=_("Answer due on"), widget=_DATE)

    def __init__(self, data: Any, *, organisation: Organisation, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        owners = organisations.people_with_role(organisation=organisation, role="owner")
        cast("forms.ModelChoiceField[Person]", self.fields["owner"]).queryset = owners


class Close(forms.Form):
    """The answer that closes a finding."""

    answer = forms.CharField(
        label=_("What was found, and what was done"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
