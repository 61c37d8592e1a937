"""The form that asks for a compliance report."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.decisions import days
from audits.reports import controls
from governance.organisations.models import Organisation
from governance.systems import selectors as systems
from governance.systems.models import AISystem


class ComplianceRequest(forms.Form):
    """System, window in whole UTC days, frameworks."""

    system = forms.ModelChoiceField(label=_("System"), queryset=AISystem.objects.none())
    start = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(
        label=_("To"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The whole day counts, in UTC."),
    )
    frameworks = forms.MultipleChoiceField(label=_("Frameworks"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        system, frameworks = self.fields["system"], self.fields["frameworks"]
        assert isinstance(system, forms.ModelChoiceField)
        assert isinstance(frameworks, forms.MultipleChoiceField)
        system.queryset = systems.visible_to(organisation=organisation)
        # With one system there is nothing to choose.
        system.initial = system.queryset.first() if system.queryset.count() == 1 else None
        frameworks.choices = [(each.id, each.title) for each in controls.frameworks().values()]

    def asked(self) -> dict[str, Any]:
        """What the service takes: the window as [start, end) in UTC."""
        data = self.cleaned_data
        return {
            "kind": "compliance",
            "system": data["system"],
            "frameworks": data["frameworks"],
            "start": midnight(data["start"]),
            "end": midnight(days.after(data["end"])),
        }


def midnight(day: dt.date) -> dt.datetime:
    """The first moment of a UTC day."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
