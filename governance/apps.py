from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Ground floor: who may act, which systems, which edges, which weights are in force."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        # Registers the system checks of the ports.
        from governance import checks  # noqa: F401
