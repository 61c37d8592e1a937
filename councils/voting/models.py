"""Who may vote on a proposal, what they voted, and what came of it.

While voting is open, a secret ballot is tied to its elector only by ``Elector.link``, which is encrypted; at close the
links are destroyed and the ballots written anew in the order of their trackers, without any time.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Elector(models.Model):
    """One line of the electorate as it was when voting opened."""

    proposal = models.ForeignKey("councils.Proposal", on_delete=models.PROTECT, related_name="electors")
    seat = models.ForeignKey("councils.Seat", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    constituency = models.ForeignKey("councils.Constituency", on_delete=models.PROTECT, related_name="+")
    voted = models.BooleanField(default=False)
    stood_aside = models.BooleanField(default=False)
    link = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="person_votes_once_on_a_proposal"),
            models.UniqueConstraint(fields=["proposal", "seat"], name="seat_votes_once_on_a_proposal"),
            models.CheckConstraint(
                condition=Q(stood_aside=False) | Q(voted=False, link__isnull=True),
                name="who_stood_aside_has_no_ballot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.proposal}"


class Ballot(models.Model):
    """Points for every edge and a word on the final text. A secret ballot names no elector."""

    class Stance(models.TextChoices):
        AGREE = "agree", _("Agree")
        ABSTAIN = "abstain", _("Abstain")
        DISAGREE = "disagree", _("Disagree")
        OBJECT = "object", _("Object")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    proposal = models.ForeignKey("councils.Proposal", on_delete=models.PROTECT, related_name="ballots")
    constituency = models.ForeignKey("councils.Constituency", on_delete=models.PROTECT, related_name="+")
    elector = models.OneToOneField(Elector, on_delete=models.PROTECT, null=True, related_name="ballot")
    points = models.JSONField()
    stance = models.CharField(max_length=8, choices=Stance.choices)
    reason = models.TextField(blank=True)
    tracker = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "tracker"], name="tracker_is_unique_on_a_proposal"),
            models.CheckConstraint(
                condition=Q(stance__in=["agree", "abstain", "disagree", "object"]), name="stance_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(stance="object") | ~Q(reason=""), name="who_objects_gives_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.tracker


class BallotDraft(models.Model):
    """What a member filled in and has not cast; it counts for nothing."""

    proposal = models.ForeignKey("councils.Proposal", on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="member_keeps_one_draft_per_proposal")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.proposal}"


class Tally(models.Model):
    """The count at close: its result, and the bundle from which anyone can repeat it."""

    proposal = models.OneToOneField("councils.Proposal", on_delete=models.PROTECT, related_name="tally")
    result = models.JSONField()
    bundle = models.TextField()
    root = models.CharField(max_length=64)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(root__regex=r"^[0-9a-f]{64}$"), name="bundle_root_is_a_sha256")
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.root[:12]}"


class MinorityReport(models.Model):
    """What a constituency that the result moved away from has to say about it."""

    proposal = models.ForeignKey(
        "councils.Proposal", on_delete=models.PROTECT, related_name="minority_reports"
    )
    constituency = models.ForeignKey("councils.Constituency", on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "constituency"], name="constituency_files_one_minority_report"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="minority_report_has_a_text"),
        ]

    def __str__(self) -> str:
        return f"{self.constituency}: {self.proposal}"
