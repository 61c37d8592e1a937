"""Proposals, the reasons given for and against, and who stands aside."""

import datetime as dt
from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Proposal(models.Model):
    """A text and suggested weights on which a council deliberates and votes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        DELIBERATION = "deliberation", _("Deliberation open")
        VOTING = "voting", _("Voting open")
        EXTENDED = "extended", _("Voting extended")
        PASSED = "passed", _("Waiting period")
        REJECTED = "rejected", _("Not passed")
        ENACTED = "enacted", _("In force")
        VETOED = "vetoed", _("Vetoed")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Kind(models.TextChoices):
        ALLOCATION = "allocation", _("Weights, by allocation")

    OPEN_FOR_VOTES = (State.VOTING, State.EXTENDED)
    COUNTED = (State.PASSED, State.REJECTED, State.ENACTED, State.VETOED, State.EXPIRED)

    council = models.ForeignKey("councils.Council", on_delete=models.PROTECT, related_name="proposals")
    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="proposals")
    edge_set = models.ForeignKey("governance.EdgeSet", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.ALLOCATION)
    title = models.CharField(max_length=160)
    summary = models.TextField()
    suggestion = models.JSONField()
    floors = models.JSONField(default=dict)
    weights_before = models.JSONField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    deliberation_opened_at = models.DateTimeField(null=True)
    deliberation_ends_at = models.DateTimeField(null=True)
    voting_opened_at = models.DateTimeField(null=True)
    voting_ends_at = models.DateTimeField(null=True)
    extended_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    takes_effect_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)
    impact = models.JSONField(null=True)
    policy = models.OneToOneField(
        "governance.Policy", on_delete=models.PROTECT, null=True, related_name="proposal"
    )
    policy_before = models.ForeignKey(
        "governance.Policy", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="deliberation") | Q(deliberation_ends_at__isnull=False),
                name="deliberation_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["voting", "extended"]) | Q(voting_ends_at__isnull=False),
                name="voting_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="passed") | Q(takes_effect_at__isnull=False),
                name="waiting_period_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state="enacted", policy__isnull=False)
                | (~Q(state="enacted") & Q(policy__isnull=True)),
                name="a_policy_comes_from_an_enacted_proposal_only",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["vetoed", "withdrawn", "expired"]) | ~Q(end_reason=""),
                name="who_stops_a_proposal_gives_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="proposal_by_state")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.title}"

    @property
    def is_open_for_votes(self) -> bool:
        return self.state in self.OPEN_FOR_VOTES

    @property
    def is_counted(self) -> bool:
        return self.state in self.COUNTED

    def accepts_votes(self, *, at: dt.datetime) -> bool:
        """Whether a ballot cast at ``at`` counts, however late the scheduler is."""
        return self.is_open_for_votes and self.voting_ends_at is not None and at < self.voting_ends_at

    @property
    def before_exact(self) -> dict[str, Fraction]:
        """The weights in force when the proposal was made, later when voting opened; empty without a policy."""
        return {edge: Fraction(text) for edge, text in (self.weights_before or {}).items()}


class Reason(models.Model):
    """A reason given under the proposal, under one of its edges, or in answer to another reason."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="reasons")
    edge = models.SlugField(max_length=40, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="answers")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField()
    hidden_at = models.DateTimeField(null=True)
    hidden_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reason_has_a_text"),
            models.CheckConstraint(
                condition=Q(hidden_at__isnull=True) | ~Q(hidden_because=""),
                name="who_hides_a_reason_gives_one",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Recusal(models.Model):
    """A member stands aside from one proposal: out of the count and out of the quorum."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "person"], name="member_stands_aside_once_per_proposal"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="who_stands_aside_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.proposal}"
