from django.apps import AppConfig


class ModelCardsConfig(AppConfig):
    """Top floor: what is told about a system; reads all below, writes only its own."""

    name = "modelcards"
    verbose_name = "Model cards"
