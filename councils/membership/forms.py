"""Forms of councils and seats."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from councils.membership.models import Constituency, Council
from governance.organisations.models import Person
from governance.systems.models import AISystem

UNITS = ((1, _("seconds")), (60, _("minutes")), (3600, _("hours")), (86400, _("days")))
MAX_SECONDS = 10 * 365 * 86400
SEATS = re.compile(r"[0-9]{1,9}")


class Charter(forms.Form):
    """What a council may decide, who sits on it, and when a proposal passes."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        help_text=_("Lower-case letters, digits and hyphens; part of the address."),
    )
    mandate = forms.CharField(
        label=_("Mandate"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What the council may decide."),
    )
    mandated_by = forms.CharField(label=_("Given by"), max_length=200, required=False)
    systems = forms.ModelMultipleChoiceField(
        label=_("Systems it decides on"),
        queryset=AISystem.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    groups = forms.CharField(
        label=_("Groups with seats"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One per line: name, colon, number of seats. For example “Local news: 9”."),
    )
    secrecy = forms.ChoiceField(label=_("Ballots"), choices=Council.Secrecy.choices, widget=forms.RadioSelect)
    counting = forms.ChoiceField(
        label=_("Counting"),
        choices=Council.Counting.choices,
        initial=Council.Counting.INDEPENDENT_MARKETS,
    )
    quorum = forms.CharField(
        label=_("Quorum"), initial="1/2", help_text=_("Share of the members who have to agree, such as 1/2.")
    )
    majority = forms.CharField(
        label=_("Majority"), initial="1/2", help_text=_("More than this share of the votes for and against.")
    )
    constituency_majority = forms.CharField(
        label=_("Majority of groups"),
        initial="1/2",
        required=False,
        help_text=_("More than this share of the groups. Leave empty for none."),
    )
    deliberation = forms.IntegerField(label=_("Deliberation lasts"), min_value=0, initial=14)
    voting = forms.IntegerField(label=_("Voting lasts"), min_value=1, initial=3)
    extension = forms.IntegerField(label=_("Extension when the quorum is missed"), min_value=0, initial=3)
    timelock = forms.IntegerField(label=_("Waiting period"), min_value=0, initial=7)
    unit = forms.TypedChoiceField(label=_("These four are in"), choices=UNITS, coerce=int, initial=86400)

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["systems"].queryset = systems  # type: ignore[attr-defined]

    def clean_groups(self) -> dict[str, int]:
        """The groups as name → seats."""
        groups: dict[str, int] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["groups"].splitlines())):
            name, colon, seats = line.rpartition(":")
            if not colon or not name.strip() or not SEATS.fullmatch(seats.strip()):
                raise forms.ValidationError(_("Write name, colon, number of seats: %s") % line)
            if name.strip() in groups:
                raise forms.ValidationError(_("%s stands there twice.") % name.strip())
            groups[name.strip()] = int(seats)
        return groups

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        lengths = [data.get(name) or 0 for name in ("deliberation", "voting", "extension", "timelock")]
        if max(lengths) * data.get("unit", 1) > MAX_SECONDS:
            raise forms.ValidationError(_("Nothing may last longer than ten years."))
        return data

    def terms(self) -> dict[str, Any]:
        """Arguments for ``services.charter``."""
        data = self.cleaned_data
        kept = ("name", "slug", "mandate", "mandated_by", "secrecy", "counting", "quorum", "majority")
        lengths = ("deliberation", "voting", "extension", "timelock")
        return {
            **{name: data[name] for name in (*kept, "constituency_majority")},
            **{f"{name}_seconds": data[name] * data["unit"] for name in lengths},
            "systems": list(data["systems"]),
            "constituencies": data["groups"],
        }


class NewSeat(forms.Form):
    """Who takes a seat of which group."""

    constituency = forms.ModelChoiceField(label=_("Group"), queryset=Constituency.objects.none())
    person = forms.ModelChoiceField(label=_("Person"), queryset=Person.objects.none())

    def __init__(self, *args: Any, groups: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["constituency"].queryset = groups  # type: ignore[attr-defined]
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
