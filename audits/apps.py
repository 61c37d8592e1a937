from django.apps import AppConfig


class AuditsConfig(AppConfig):
    """First floor: what happened, in an order nobody can rewrite."""

    name = "audits"
    verbose_name = "Audits"
