"""Forms of people and organisations."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance.access import roles


class NewPerson(forms.Form):
    username = forms.SlugField(
        label=_("User name"), max_length=150, help_text=_("Letters, digits, hyphens and underscores.")
    )
    display_name = forms.CharField(
        label=_("Name shown to others"),
        max_length=120,
        required=False,
        help_text=_("Without one, the user name is shown."),
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("For reminders before a vote closes.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=roles.ROLE_CHOICES)
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Hand it over in person; they change it after signing in."),
    )

    def clean_password(self) -> str:
        """Held against the same rules as any password."""
        password: str = self.cleaned_data["password"]
        try:
            validate_password(password)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return password


class Role(forms.Form):
    person = forms.IntegerField(widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("Role"), choices=roles.ROLE_CHOICES)


class LogVisibility(forms.Form):
    public = forms.BooleanField(
        label=_("Anybody may read and verify the logs"),
        help_text=_("Sealed states, hashes and entries. Personal data is never in an entry."),
        required=False,
    )
