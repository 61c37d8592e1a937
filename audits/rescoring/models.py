"""Independent scorers, which edges they check, and what they said."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Rescorer(models.Model):
    """An independent scorer of one edge: a random ``share`` of the system's decisions is scored again by it.

    ``route`` names what the operator configured (``EDGEWISE_RESCORERS``). ``discloses`` lists the sealed fields it gets
    to read: ``text`` of the input, ``labels`` of the options. Entries below ``next`` were drawn from already.
    """

    system = models.ForeignKey("governance.AISystem", on_delete=models.PROTECT, related_name="rescorers")
    edge = models.SlugField(max_length=40)
    scorer = models.CharField(max_length=120)
    route = models.CharField(max_length=40)
    share = models.FloatField()
    discloses = ArrayField(models.CharField(max_length=16), default=list)
    next = models.BigIntegerField()
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "edge"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_rescorer_per_edge_is_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lte=1), name="rescorer_share_is_above_0_and_at_most_1"
            ),
            models.CheckConstraint(condition=~models.Q(scorer=""), name="rescorer_names_its_scorer"),
            models.CheckConstraint(
                condition=models.Q(discloses__contained_by=["text", "labels"]),
                name="rescorer_discloses_text_or_labels_only",
            ),
            models.CheckConstraint(condition=models.Q(next__gte=0), name="rescorer_next_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} on {self.edge}"


class Rescore(models.Model):
    """What an independent scorer said about one edge of one decision, beside what the record says.

    ``reported`` and ``scores`` hold a score from 0 to 1, or null, by option; ``rate`` is the share of decisions that
    the model logs, as the record states it.
    """

    system = models.ForeignKey(
        "governance.AISystem",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    index = models.BigIntegerField()
    edge = models.SlugField(max_length=40)
    scorer = models.CharField(max_length=120)
    reported = models.JSONField()
    scores = models.JSONField()
    rate = models.FloatField(default=1.0)
    rescored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "edge", "scorer", "index"],
                name="rescore_is_unique_per_decision_edge_and_scorer",
            ),
            models.CheckConstraint(condition=~models.Q(scorer=""), name="rescore_names_its_scorer"),
            models.CheckConstraint(condition=models.Q(index__gte=0), name="rescore_index_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(rate__gt=0, rate__lte=1), name="rescore_rate_is_above_0_and_at_most_1"
            ),
        ]
        indexes = [models.Index(fields=["system", "index"], name="rescore_by_decision")]

    def __str__(self) -> str:
        return f"{self.scorer} on {self.edge} of entry {self.index}"
