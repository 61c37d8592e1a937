"""The councils' clock."""

from celery import shared_task
from django.utils import timezone

from councils.voting import lifecycle


@shared_task(name="councils.keep_deadlines", ignore_result=True)
def keep_deadlines() -> None:
    """Opens, closes, counts and enacts what is due. Beat sends it every second; missed ones are made up for."""
    lifecycle.keep_deadlines(at=timezone.now())
