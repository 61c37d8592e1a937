"""Councils with their charter, their constituencies, and who sits for them."""

from fractions import Fraction

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from councils.voting.passing import Rules, Threshold


class Council(models.Model):
    """A body that decides on the weights of some systems, under the rules of its charter.

    Shares ("1/2", "2/3") are exact; ``*_strict`` means that the share has to be exceeded. An empty
    ``constituency_quorum`` or ``constituency_majority`` means that the charter does not ask for it.
    """

    class Secrecy(models.TextChoices):
        OPEN = "open", _("Open")
        SECRET = "secret", _("Secret")

    class Counting(models.TextChoices):
        INDEPENDENT_MARKETS = "independent_markets", _("Proportional tally")
        UTILITARIAN = "utilitarian", _("Nearest to the ballots together")
        MEAN = "mean", _("Mean")

    organisation = models.ForeignKey(
        "governance.Organisation", on_delete=models.PROTECT, related_name="councils"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    mandate = models.TextField()
    mandated_by = models.CharField(max_length=200, blank=True)
    accountable_officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    guardian = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    systems = models.ManyToManyField("governance.AISystem", related_name="councils")
    context = models.JSONField(default=dict)
    counting = models.CharField(max_length=24, choices=Counting.choices, default=Counting.INDEPENDENT_MARKETS)
    secrecy = models.CharField(max_length=8, choices=Secrecy.choices, default=Secrecy.SECRET)
    hide_until_close = models.BooleanField(default=True)
    point_step = models.PositiveSmallIntegerField()
    quorum = models.CharField(max_length=16, default="1/2")
    quorum_strict = models.BooleanField(default=False)
    abstentions_count = models.BooleanField(default=False)
    constituency_quorum = models.CharField(max_length=16, blank=True)
    majority = models.CharField(max_length=16, default="1/2")
    majority_strict = models.BooleanField(default=True)
    constituency_majority = models.CharField(max_length=16, default="1/2", blank=True)
    constituency_majority_strict = models.BooleanField(default=True)
    deliberation_seconds = models.PositiveIntegerField()
    voting_seconds = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    extension_seconds = models.PositiveIntegerField()
    timelock_seconds = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="council_slug_is_unique_in_its_organisation"
            ),
            models.CheckConstraint(condition=Q(voting_seconds__gte=1), name="voting_lasts_at_least_a_second"),
            models.CheckConstraint(
                condition=Q(secrecy="open", point_step__gte=1) | Q(secrecy="secret", point_step=5),
                name="secret_ballots_are_cast_in_steps_of_5_points",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> Rules:
        """When a proposal passes."""
        return Rules(
            quorum=Threshold(Fraction(self.quorum), self.quorum_strict),
            constituency_quorum=_threshold(self.constituency_quorum, strict=False),
            majority=Threshold(Fraction(self.majority), self.majority_strict),
            constituency_majority=_threshold(
                self.constituency_majority, strict=self.constituency_majority_strict
            ),
            abstentions_count=self.abstentions_count,
        )

    @property
    def is_secret(self) -> bool:
        return self.secrecy == self.Secrecy.SECRET


def _threshold(share: str, *, strict: bool) -> Threshold | None:
    return Threshold(Fraction(share), strict) if share else None


class Constituency(models.Model):
    """A group with seats."""

    council = models.ForeignKey(Council, on_delete=models.PROTECT, related_name="constituencies")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    seats = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["council", "name"], name="constituency_name_is_unique_in_its_council"
            ),
            models.UniqueConstraint(
                fields=["council", "position"], name="constituencies_of_a_council_have_one_order"
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="constituency_has_at_least_one_seat"),
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """A person's term for a constituency."""

    council = models.ForeignKey(Council, on_delete=models.PROTECT, related_name="seats")
    constituency = models.ForeignKey(Constituency, on_delete=models.PROTECT, related_name="taken")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seats")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["council", "person"],
                condition=Q(ends_at__isnull=True),
                name="person_holds_one_open_ended_seat_per_council",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="seat_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.constituency}"
