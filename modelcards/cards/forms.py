"""Forms of cards: beginning a version, and writing its sections."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.organisations.models import Organisation
from governance.systems import selectors as systems
from governance.systems.models import AISystem
from modelcards.cards import narrative
from modelcards.cards.models import CardVersion

PARTS = (
    ("minor", _("Minor: another policy or new results")),
    ("major", _("Major: another model or other edges")),
    ("patch", _("Patch: wording only")),
)


class Begin(forms.Form):
    """Which system, how much changes, and why."""

    system = forms.ModelChoiceField(label=_("System"), queryset=AISystem.objects.none())
    part = forms.ChoiceField(
        label=_("What changes"), choices=PARTS, help_text=_("The first version is 1.0.0 whatever you choose.")
    )
    reason = forms.CharField(label=_("Why now"), max_length=200, initial=_("First version"))

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        system = self.fields["system"]
        assert isinstance(system, forms.ModelChoiceField)
        system.queryset = systems.visible_to(organisation=organisation)


class Write(forms.Form):
    """One text area per section, in Markdown."""

    def __init__(self, *args: Any, version: CardVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for section in narrative.SECTIONS:
            self.fields[section.slug] = forms.CharField(
                label=section.title,
                help_text=section.ask,
                required=False,
                initial=version.narrative.get(section.slug, ""),
                widget=forms.Textarea(attrs={"rows": 5}),
            )
