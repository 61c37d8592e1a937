"""Forms of keys and tokens."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.access import services
from governance.access.models import READ, WRITE

SCOPE_LABELS = {
    "decisions:write": _("Post decisions"),
    "decisions:read": _("Read its own decisions and receipts"),
    "policy:read": _("Fetch the policy in force"),
    "evaluations:write": _("Post evaluation results"),
}
LIFETIMES = (("", _("Never")), ("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year")))


class Labelled(forms.Form):
    label = forms.CharField(
        label=_("What it is for"), max_length=80, help_text=_("E.g. production, or a laptop.")
    )
    lifetime = forms.ChoiceField(label=_("Expires"), choices=LIFETIMES, required=False, initial="365")
    # Shown once on the form; a form sent twice is answered once.
    once = forms.CharField(widget=forms.HiddenInput)

    def expires_at(self, at: dt.datetime) -> dt.datetime | None:
        days = self.cleaned_data["lifetime"]
        return at + dt.timedelta(days=int(days)) if days else None


class NewKey(Labelled):
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=[], widget=forms.CheckboxSelectMultiple, initial=list(services.SCOPES)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = [(scope, SCOPE_LABELS.get(scope, scope)) for scope in services.SCOPES]


class NewToken(Labelled):
    may = forms.ChoiceField(
        label=_("It may"),
        choices=(
            (READ, _("Read what you may read, and change nothing")),
            (WRITE, _("Read, and do whatever you may do yourself")),
        ),
        widget=forms.RadioSelect,
        initial=READ,
    )

    def scopes(self) -> tuple[str, ...]:
        """Every token reads."""
        return tuple(sorted({READ, self.cleaned_data["may"]}))
