"""Decisions beside the log: how to find them, what was derived from them, and what people did about them.

The log's entry is the record; rows here index it. ``Assessment`` and ``Segment`` are derived and can be rebuilt.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Decision(models.Model):
    """Where a decision record stands in its system's log. Written by COPY in the transaction that appends it.

    Partitioned by range of index (`ledger.partitions`). ``sealed`` holds sealed values and salts, encrypted under
    ``data_key``; ``groups`` and ``weights`` are the slices that statistics need. Erasure empties all of them.
    """

    class Disposition(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        CLARIFIED = "clarified", _("Asked for clarification")
        ESCALATED = "escalated", _("Passed to a person")
        REFUSED = "refused", _("Refused")

    pk = models.CompositePrimaryKey("system_id", "index")
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    index = models.BigIntegerField()
    uuid = models.UUIDField()
    occurred_at = models.DateTimeField()
    logged_at = models.DateTimeField()
    model_version = models.CharField(max_length=256)
    context = models.JSONField()
    chosen = models.CharField(max_length=256, null=True)
    disposition = models.CharField(max_length=16, choices=Disposition.choices)
    policy_version = models.BigIntegerField()
    options = models.PositiveSmallIntegerField()
    sealed = models.BinaryField(null=True)
    data_key = models.ForeignKey(
        "audits.DataKey",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    groups = models.JSONField(null=True)
    weights = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(disposition__in=["answered", "clarified", "escalated", "refused"]),
                name="decision_disposition_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(chosen__isnull=False) | ~models.Q(disposition="answered"),
                name="decision_answered_names_the_option_chosen",
            ),
            models.CheckConstraint(condition=models.Q(index__gte=0), name="decision_index_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["system", "occurred_at"], name="decision_by_time"),
            models.Index(
                fields=["data_key"], condition=models.Q(groups__isnull=False), name="decision_by_data_key"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class DecisionId(models.Model):
    """Which entry a record's id stands for, once in each system; partitioned by hash of the id.

    ``fingerprint`` (HMAC-SHA-256 of the whole record) recognises a re-post of the same content; erasure empties it,
    and a re-post of the id then counts as the same.
    """

    pk = models.CompositePrimaryKey("uuid", "system_id")
    uuid = models.UUIDField()
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    index = models.BigIntegerField()
    fingerprint = models.BinaryField(null=True)

    def __str__(self) -> str:
        return str(self.uuid)


class Assessment(models.Model):
    """What a decision's own record says about it: which edge decided, by how much, and whether the policy was followed.

    ``confidence`` is null where the model stated no uncertainty; ``driving_edge`` where nothing decided.
    """

    pk = models.CompositePrimaryKey("system_id", "index")
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    index = models.BigIntegerField()
    runner_up = models.CharField(max_length=256, null=True)
    margin = models.FloatField(null=True)
    driving_edge = models.CharField(max_length=40, null=True)
    tied_edges = ArrayField(models.CharField(max_length=40), default=list)
    confidence = models.FloatField(null=True)
    verdicts = ArrayField(models.CharField(max_length=24), default=list)
    assessed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__gte=0, confidence__lte=1),
                name="assessment_confidence_is_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return f"assessment of entry {self.index}"


class Agreement(models.Model):
    """How well an independent scorer agrees with the scores reported on one edge; derived from what it scored again.

    ``value`` is Lin's concordance correlation with its 95 % interval, null while there is too little to say;
    ``difference`` the mean distance of the two scores, ``decisions`` how many were scored twice.
    """

    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="agreements")
    edge = models.SlugField(max_length=40)
    scorer = models.CharField(max_length=120)
    decisions = models.PositiveIntegerField()
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    difference = models.FloatField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "edge"], name="agreement_is_one_per_edge"),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True, low__isnull=True, high__isnull=True)
                | models.Q(low__lte=models.F("value"), high__gte=models.F("value"), low__gte=-1, high__lte=1),
                name="agreement_lies_in_its_interval",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} on {self.edge}"


class Segment(models.Model):
    """Scores of a run of decisions as columns, for replay and monitoring; rows first … last of the log, derived.

    ``links`` (`decisions.links`) is empty where no decision has one. A segment of an earlier ``form`` is renewed from
    the log (`decisions.renewing`).
    """

    FORM = 3

    pk = models.CompositePrimaryKey("system_id", "first")
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    decisions = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    data = models.BinaryField()
    links = models.BinaryField(default=b"")
    form = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="segment_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"segment {self.first} to {self.last}"


class Posting(models.Model):
    """Which decisions of a block carry one term, for the explorer; derived (`decisions.postings`)."""

    pk = models.CompositePrimaryKey("system_id", "term", "block")
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    term = models.BigIntegerField()
    block = models.BigIntegerField()
    places = models.BinaryField()

    def __str__(self) -> str:
        return f"posting in block {self.block}"


class Block(models.Model):
    """What the explorer knows of 8,192 places of a log: times and margins by place, terms counted by attribute.

    ``least_margin`` is the least code among ``margins``; 0, below all codes, where that is not known.
    """

    pk = models.CompositePrimaryKey("system_id", "block")
    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    block = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    exact = models.JSONField()
    seconds = models.BinaryField()
    margins = models.BinaryField()
    least_margin = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")), name="block_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"block {self.block}"


class Cursor(models.Model):
    """How far a system's decisions have come: entries below ``next`` are assessed, below ``searchable`` indexed."""

    system = models.OneToOneField(
        "governance.AISystem", on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    next = models.BigIntegerField(default=0)
    searchable = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(next__gte=0), name="cursor_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(searchable__gte=0, searchable__lte=models.F("next")),
                name="cursor_indexes_what_is_assessed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.next)


class Feedback(models.Model):
    """How a decision turned out, as its system reports it."""

    pk = models.CompositePrimaryKey("system_id", "index")
    system = models.ForeignKey(
        "governance.AISystem", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    index = models.BigIntegerField()
    satisfaction = models.FloatField(null=True)
    error = models.BooleanField(null=True)
    group = models.CharField(max_length=256, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(satisfaction__isnull=True)
                | models.Q(satisfaction__gte=0, satisfaction__lte=1),
                name="feedback_satisfaction_lies_between_0_and_1",
            ),
            models.CheckConstraint(
                condition=models.Q(satisfaction__isnull=False) | models.Q(error__isnull=False),
                name="feedback_states_satisfaction_or_error",
            ),
        ]

    def __str__(self) -> str:
        return f"feedback on entry {self.index}"


class Finding(models.Model):
    """Decisions of one system that did not follow the policy in one way: somebody owes an answer by a date.

    While it is open, further decisions with the same verdict join it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IN_REVIEW = "in_review", _("In review")
        CLOSED = "closed", _("Closed")

    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="findings")
    verdict = models.CharField(max_length=24)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    due_on = models.DateField()
    decisions = models.PositiveIntegerField()
    first_index = models.BigIntegerField()
    last_index = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "verdict"],
                condition=~models.Q(state="closed"),
                name="one_finding_per_system_and_verdict_is_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_at__isnull=False)
                | (~models.Q(state="closed") & models.Q(closed_at__isnull=True)),
                name="finding_closed_says_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="closed") | ~models.Q(answer=""),
                name="finding_closed_has_an_answer",
            ),
            models.CheckConstraint(condition=models.Q(decisions__gte=1), name="finding_rests_on_a_decision"),
        ]

    def __str__(self) -> str:
        return f"finding {self.pk}: {self.verdict}"
