"""Forms of AI systems."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem


class NewSystem(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.CharField(
        label=_("Short name"),
        max_length=60,
        help_text=_(
            "Lower-case letters, digits and hyphens. Part of the log's address, so it stays for ever."
        ),
    )
    purpose = forms.CharField(
        label=_("Intended purpose"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What it decides, about whom, and where."),
    )
    position = forms.ChoiceField(
        label=_("Your organisation is the system's"), choices=AISystem.Position.choices
    )
    risk_class = forms.ChoiceField(label=_("Risk class under the EU AI Act"), choices=AISystem.Risk.choices)
    risk_reasoning = forms.CharField(
        label=_("Why this class"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Name the article or annex entry that you checked."),
    )
    accountable_officer = forms.ModelChoiceField(
        label=_("Accountable officer"),
        queryset=Person.objects.none(),
        required=False,
        help_text=_("The person who answers for this system."),
    )
    moderates_content = forms.BooleanField(
        label=_("It moderates content"),
        required=False,
        help_text=_("The report then includes the Digital Services Act."),
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(memberships__organisation=organisation).distinct().order_by("username")
        officer = self.fields["accountable_officer"]
        assert isinstance(officer, forms.ModelChoiceField)
        officer.queryset = people


class NewVersion(forms.Form):
    name = forms.CharField(
        label=_("Version"), max_length=60, help_text=_("As the model states it in its records.")
    )
    notes = forms.CharField(label=_("What changed"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
