"""The forms of the data protection page. A subject's reference travels in a form's body, never in an address."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.protection import selectors

_REASON = forms.Textarea(attrs={"rows": 3})


class Subject(forms.Form):
    """Whose data are to be erased."""

    reference = forms.CharField(
        label=_("Reference of the person"),
        max_length=2_000,
        help_text=_("Exactly as the model writes it in subject.ref. It is not stored."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PlaceHold(Subject):
    """Whose data are to be kept, and why."""

    reason = forms.CharField(
        label=_("Why the data have to be kept"),
        max_length=4_000,
        help_text=_("For example the number of a case before a court. The log seals it."),
        widget=_REASON,
    )


class LiftHold(forms.Form):
    """Why the data under one hold, ``number``, need not be kept any longer."""

    reason = forms.CharField(
        label=_("Why the data need not be kept any longer"), max_length=4_000, widget=forms.TextInput()
    )

    def __init__(self, data: Any = None, *, number: int | None = None) -> None:
        super().__init__(data, auto_id=f"lift-{number}-%s")
        self.number = number


class KeepFor(forms.Form):
    """For how many days a system keeps payloads; empty keeps them until they are erased."""

    days = forms.IntegerField(label=_("Days"), required=False, min_value=1, max_value=36_500)

    def __init__(self, data: Any = None, *, prefix: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, prefix=prefix, initial=initial)
        self.fields["days"].help_text = (
            _("At least %d. Empty: until they are erased.") % selectors.minimum_days()
        )
