"""Forms of proposals and reasons."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from councils.membership.models import Council
from governance.edges.models import Edge
from governance.systems.models import AISystem


class Search(forms.Form):
    """The filters of the list of proposals."""

    STATES = (
        ("", _("All")),
        ("open", _("Open for deliberation or votes")),
        ("decided", _("Decided")),
        ("ended", _("Ended without a change")),
        ("draft", _("Drafts")),
    )
    GROUPS = {
        "open": ("deliberation", "voting", "extended"),
        "decided": ("passed", "enacted"),
        "ended": ("rejected", "vetoed", "expired", "withdrawn"),
        "draft": ("draft",),
    }

    state = forms.ChoiceField(label=_("Stage"), choices=STATES, required=False)
    council = forms.ChoiceField(label=_("Council"), required=False)
    text = forms.CharField(label=_("Words in title or text"), max_length=100, required=False)

    def __init__(self, *args: Any, councils: Sequence[Council], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("All")), *((council.slug, council.name) for council in councils)]
        self.fields["council"].choices = choices  # type: ignore[attr-defined]

    def criteria(self) -> dict[str, Any]:
        """Arguments for ``selectors.search``; a filter that is no choice filters nothing."""
        if not self.is_valid():
            return {}
        data = self.cleaned_data
        return {
            "states": self.GROUPS.get(data["state"], ()),
            "council": data["council"],
            "text": data["text"],
        }


class NewProposal(forms.Form):
    """Title, text and a suggested split of 100 points over the edges of one system."""

    title = forms.CharField(
        label=_("Title"), max_length=160, help_text=_("What would change, in a few words.")
    )
    summary = forms.CharField(
        label=_("What it is for"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Members read this first."),
    )

    def __init__(self, *args: Any, edges: Sequence[Edge], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edges = edges
        for edge in edges:
            self.fields[f"points-{edge.slug}"] = forms.IntegerField(
                label=edge.name, min_value=0, max_value=100, required=False
            )
            self.fields[f"floor-{edge.slug}"] = forms.IntegerField(
                label=_("%s, set aside") % edge.name, min_value=0, max_value=100, required=False
            )

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self["title"], self["summary"]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields of each edge."""
        return [
            {"edge": edge, "points": self[f"points-{edge.slug}"], "floor": self[f"floor-{edge.slug}"]}
            for edge in self.edges
        ]

    def split(self, name: str) -> dict[str, int]:
        """The numbers of one column by edge; an empty field is 0."""
        return {edge.slug: self.cleaned_data.get(f"{name}-{edge.slug}") or 0 for edge in self.edges}


class NewReason(forms.Form):
    """A reason, under the proposal or under an edge, or in answer to another."""

    text = forms.CharField(
        label=_("Your reason"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    edge = forms.ChoiceField(label=_("About"), required=False)
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, edges: Sequence[Edge], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("The proposal as a whole")), *((edge.slug, edge.name) for edge in edges)]
        self.fields["edge"].choices = choices  # type: ignore[attr-defined]


class Because(forms.Form):
    """A reason that an act cannot do without."""

    because = forms.CharField(
        label=_("Reason, published"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


def council_and_system(
    *, councils: Sequence[Council], wanted: str
) -> tuple[Council | None, AISystem | None, list[tuple[str, str]]]:
    """The council and system named by ``wanted`` ("council/system"), and all that can be chosen."""
    pairs = {
        f"{council.slug}/{system.slug}": (council, system)
        for council in councils
        for system in council.systems.all()
    }
    choices = [(key, f"{council.name}: {system.name}") for key, (council, system) in pairs.items()]
    chosen = pairs.get(wanted) or (next(iter(pairs.values())) if len(pairs) == 1 else None)
    return (*(chosen or (None, None)), choices)
