from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Ground floor: who may act, which systems, which edges, which weights are in force."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        # Importing registers: the system checks of the ports, the API's ways to authenticate.
        from governance import checks  # noqa: F401
        from governance.access import schema  # noqa: F401
        from governance.policies import checks as policy_checks  # noqa: F401
