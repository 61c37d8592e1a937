"""Which role may do what in its organisation: the one place where it is written."""

from django.utils.translation import gettext_lazy as _

PERMISSION_CHOICES = (
    ("manage_people", "Add people and give them roles"),
    ("manage_keys", "Create and revoke API keys"),
    ("manage_organisation", "Change the organisation's settings"),
    ("manage_systems", "Register AI systems and versions"),
    ("manage_edges", "Define edges and hard norms"),
    ("set_first_policy", "Set the first weights, without a vote"),
    ("manage_cards", "Write and publish model cards"),
    ("manage_findings", "Work findings"),
    ("manage_councils", "Charter councils, run proposals"),
    ("take_part", "Deliberate and vote where seated"),
    ("view_governed", "Read systems, policies, councils, proposals and results"),
    ("view_decisions", "Read decisions"),
    ("view_findings", "Read findings"),
    ("view_log", "Read the log and its events"),
    ("view_people", "Read who holds which role"),
    ("export_reports", "Request and download reports"),
)
PERMISSIONS = frozenset(codename for codename, _label in PERMISSION_CHOICES)

_READ = frozenset({"view_governed", "view_decisions", "view_log"})

ROLES: dict[str, frozenset[str]] = {
    "admin": _READ | {"manage_people", "manage_keys", "manage_organisation", "view_findings", "view_people"},
    "owner": _READ
    | {"manage_systems", "manage_edges", "set_first_policy", "manage_cards", "manage_keys"}
    | {"manage_findings", "view_findings", "export_reports"},
    "chair": _READ | {"manage_councils", "take_part", "view_findings"},
    "member": _READ | {"take_part"},
    "auditor": _READ | {"view_findings", "export_reports", "view_people"},
}
ROLE_CHOICES = (
    ("admin", _("Administrator")),
    ("owner", _("System owner")),
    ("chair", _("Council chair")),
    ("member", _("Council member")),
    ("auditor", _("Auditor")),
)


def group_name(organisation_slug: str, role: str) -> str:
    """The name of the group that holds a role's permissions on one organisation."""
    return f"{organisation_slug}:{role}"
