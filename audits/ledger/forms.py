"""The search form of the log's events."""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _


class Search(forms.Form):
    """Type, subject and text of events; ``entry_before`` is the entry number from which a further page goes on."""

    type = forms.ChoiceField(label=_("What happened"), required=False)
    subject = forms.CharField(
        label=_("About"), required=False, max_length=200, help_text=_("For example system:moderation")
    )
    text = forms.CharField(
        label=_("Containing"), required=False, max_length=200, help_text=_("For example a report's SHA-256")
    )
    entry_before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, types: Sequence[str]) -> None:
        super().__init__(data)
        choice = cast("forms.ChoiceField", self.fields["type"])
        choice.choices = [("", _("Everything")), *((each, each) for each in types)]

    def wanted(self, name: str) -> str:
        """What is searched for; nothing from a form that is not valid."""
        return str(self.cleaned_data[name]) if self.is_valid() else ""

    def before(self) -> int | None:
        """The entry number to go on from."""
        return self.cleaned_data.get("entry_before") if self.is_valid() else None

    def further(self, index: int) -> str:
        """The query of the next page: events before entry `index`."""
        chosen = {name: self.wanted(name) for name in ("type", "subject", "text") if self.wanted(name)}
        return urlencode({**chosen, "entry_before": index})
