"""Refusals of the domain on a page: beside the field at fault, or as a message."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest

from governance.errors import DomainError


@contextmanager
def beside(form: BaseForm) -> Iterator[None]:
    """Turns a refusal into an error of ``form``; the form is invalid afterwards."""
    try:
        yield
    except DomainError as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, refusal.detail)


@contextmanager
def as_message(request: HttpRequest) -> Iterator[None]:
    """Turns a refusal into a message on the next page."""
    try:
        yield
    except DomainError as refusal:
        messages.error(request, refusal.detail)
