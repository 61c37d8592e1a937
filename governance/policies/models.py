"""Policies: the weights, rule, norms and bounds a system has to apply, by context, versioned and signed."""

from fractions import Fraction

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.policies import applying


class Policy(models.Model):
    """One version of what a system must follow. Superseded, never edited.

    ``reference`` is the profile that assessments are read against: a score from 0 to 1 by edge, ½ where it states none
    (the middle anchor of an edge card).
    """

    class State(models.TextChoices):
        IN_FORCE = "in_force", _("In force")
        SUPERSEDED = "superseded", _("Superseded")
        REVOKED = "revoked", _("Revoked")

    class Rule(models.TextChoices):
        WEIGHTED_SUM = "weighted_sum", _("Weighted sum")
        TCHEBYCHEFF = "tchebycheff", _("Protect the worst")
        NASH = "nash", _("Nothing traded to nothing")
        LEXICOGRAPHIC = "lexicographic", _("Strict priorities")

    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    context = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices)
    rule = models.CharField(max_length=16, choices=Rule.choices)
    weights = models.JSONField()
    norms = models.JSONField(default=list)
    bounds = models.JSONField(default=dict)
    tiers = models.JSONField(default=list)
    clarification_threshold = models.FloatField(null=True)
    rationale_required = models.BooleanField(default=False)
    reference = models.JSONField(default=dict)
    adapter = models.CharField(max_length=120, blank=True)
    edge_set = models.ForeignKey("governance.EdgeSet", on_delete=models.PROTECT, related_name="policies")
    in_force_from = models.DateTimeField()
    in_force_until = models.DateTimeField(null=True)
    review_by = models.DateField(null=True)
    digest = models.CharField(max_length=64)
    note = models.TextField()
    source = models.JSONField()
    key = models.CharField(max_length=80, null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "version"], name="policy_version_is_unique_in_its_system"
            ),
            models.UniqueConstraint(fields=["system", "key"], name="policy_is_enacted_once_per_key"),
            models.UniqueConstraint(
                fields=["system", "context"],
                condition=models.Q(state="in_force"),
                name="one_policy_per_context_is_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(in_force_until__isnull=True)
                | models.Q(in_force_until__gte=models.F("in_force_from")),
                name="policy_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=models.Q(state="in_force", in_force_until__isnull=True)
                | (~models.Q(state="in_force") & models.Q(in_force_until__isnull=False)),
                name="policy_in_force_has_no_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system}, policy {self.version}"

    @property
    def weights_exact(self) -> dict[str, Fraction]:
        """Weight of each leaf edge, exact; they sum to 1."""
        return {edge: Fraction(text) for edge, text in self.weights.items()}

    @property
    def weights_float(self) -> dict[str, float]:
        return {edge: float(weight) for edge, weight in self.weights_exact.items()}

    @property
    def reference_profile(self) -> dict[str, float]:
        """The reference score of every scored edge."""
        return {edge: float(self.reference.get(edge, applying.MIDDLE)) for edge in self.weights}

    @property
    def set_without_vote(self) -> bool:
        return bool(self.source.get("kind") == "owner")


class SuccessorKey(models.Model):
    """That one policy key follows another: ``note`` is the announcement, signed by both, as models get it."""

    vkey = models.CharField(max_length=400, unique=True)
    predecessor = models.CharField(max_length=400)
    note = models.TextField()
    announced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(vkey=models.F("predecessor")), name="policy_key_does_not_follow_itself"
            )
        ]

    def __str__(self) -> str:
        return self.vkey
