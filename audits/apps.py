from importlib import import_module

from django.apps import AppConfig


class AuditsConfig(AppConfig):
    """First floor: what happened, in an order nobody can rewrite."""

    name = "audits"
    verbose_name = "Audits"

    def ready(self) -> None:
        # Importing registers the system checks.
        for noun in ("ledger", "rescoring", "witnessing"):
            import_module(f"audits.{noun}.checks")
        # Nothing serves from a restore that did not come to its end: what was erased might be back.
        from audits.protection import unfinished

        unfinished.refuse()
