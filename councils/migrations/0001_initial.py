"""The councils floor: councils, their constituencies and seats; proposals, deliberation, ballots and tallies."""

import uuid

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from governance.migrations._together import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Council",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("slug", models.SlugField(max_length=60)),
                    ("name", models.CharField(max_length=120)),
                    ("mandate", models.TextField()),
                    ("mandated_by", models.CharField(blank=True, max_length=200)),
                    ("context", models.JSONField(default=dict)),
                    (
                        "counting",
                        models.CharField(
                            choices=[
                                ("independent_markets", "Proportional tally"),
                                ("utilitarian", "Nearest to the ballots together"),
                                ("mean", "Mean"),
                            ],
                            default="independent_markets",
                            max_length=24,
                        ),
                    ),
                    (
                        "secrecy",
                        models.CharField(
                            choices=[("open", "Open"), ("secret", "Secret")], default="secret", max_length=8
                        ),
                    ),
                    ("hide_until_close", models.BooleanField(default=True)),
                    ("point_step", models.PositiveSmallIntegerField()),
                    ("quorum", models.CharField(default="1/2", max_length=16)),
                    ("quorum_strict", models.BooleanField(default=False)),
                    ("abstentions_count", models.BooleanField(default=False)),
                    ("constituency_quorum", models.CharField(blank=True, max_length=16)),
                    ("majority", models.CharField(default="1/2", max_length=16)),
                    ("majority_strict", models.BooleanField(default=True)),
                    ("constituency_majority", models.CharField(blank=True, default="1/2", max_length=16)),
                    ("constituency_majority_strict", models.BooleanField(default=True)),
                    ("deliberation_seconds", models.PositiveIntegerField()),
                    (
                        "voting_seconds",
                        models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)]),
                    ),
                    ("extension_seconds", models.PositiveIntegerField()),
                    ("timelock_seconds", models.PositiveIntegerField()),
                    ("created_at", models.DateTimeField()),
                    (
                        "accountable_officer",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "guardian",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="councils",
                            to="governance.organisation",
                        ),
                    ),
                    ("systems", models.ManyToManyField(related_name="councils", to="governance.aisystem")),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organisation", "slug"), name="council_slug_is_unique_in_its_organisation"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("voting_seconds__gte", 1)),
                            name="voting_lasts_at_least_a_second",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("point_step__gte", 1), ("secrecy", "open")),
                                models.Q(("point_step", 5), ("secrecy", "secret")),
                                _connector="OR",
                            ),
                            name="secret_ballots_are_cast_in_steps_of_5_points",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Constituency",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("position", models.PositiveSmallIntegerField()),
                    ("name", models.CharField(max_length=80)),
                    ("seats", models.PositiveIntegerField()),
                    (
                        "council",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="constituencies",
                            to="councils.council",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("council", "name"), name="constituency_name_is_unique_in_its_council"
                        ),
                        models.UniqueConstraint(
                            fields=("council", "position"), name="constituencies_of_a_council_have_one_order"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("seats__gte", 1)), name="constituency_has_at_least_one_seat"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Proposal",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[("allocation", "Weights, by allocation")],
                            default="allocation",
                            max_length=16,
                        ),
                    ),
                    ("title", models.CharField(max_length=160)),
                    ("summary", models.TextField()),
                    ("suggestion", models.JSONField()),
                    ("floors", models.JSONField(default=dict)),
                    ("weights_before", models.JSONField(null=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("draft", "Draft"),
                                ("deliberation", "Deliberation open"),
                                ("voting", "Voting open"),
                                ("extended", "Voting extended"),
                                ("passed", "Waiting period"),
                                ("rejected", "Not passed"),
                                ("enacted", "In force"),
                                ("vetoed", "Vetoed"),
                                ("expired", "Expired"),
                                ("withdrawn", "Withdrawn"),
                            ],
                            default="draft",
                            max_length=16,
                        ),
                    ),
                    ("created_at", models.DateTimeField()),
                    ("deliberation_opened_at", models.DateTimeField(null=True)),
                    ("deliberation_ends_at", models.DateTimeField(null=True)),
                    ("voting_opened_at", models.DateTimeField(null=True)),
                    ("voting_ends_at", models.DateTimeField(null=True)),
                    ("extended_at", models.DateTimeField(null=True)),
                    ("closed_at", models.DateTimeField(null=True)),
                    ("takes_effect_at", models.DateTimeField(null=True)),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("end_reason", models.TextField(blank=True)),
                    ("impact", models.JSONField(null=True)),
                    (
                        "council",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="proposals",
                            to="councils.council",
                        ),
                    ),
                    (
                        "edge_set",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.edgeset",
                        ),
                    ),
                    (
                        "policy",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="proposal",
                            to="governance.policy",
                        ),
                    ),
                    (
                        "policy_before",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.policy",
                        ),
                    ),
                    (
                        "proposed_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="proposals",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "indexes": [models.Index(fields=["state"], name="proposal_by_state")],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "deliberation"), _negated=True),
                                ("deliberation_ends_at__isnull", False),
                                _connector="OR",
                            ),
                            name="deliberation_has_an_end",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state__in", ["voting", "extended"]), _negated=True),
                                ("voting_ends_at__isnull", False),
                                _connector="OR",
                            ),
                            name="voting_has_an_end",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "passed"), _negated=True),
                                ("takes_effect_at__isnull", False),
                                _connector="OR",
                            ),
                            name="waiting_period_has_an_end",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("policy__isnull", False), ("state", "enacted")),
                                models.Q(
                                    models.Q(("state", "enacted"), _negated=True), ("policy__isnull", True)
                                ),
                                _connector="OR",
                            ),
                            name="a_policy_comes_from_an_enacted_proposal_only",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state__in", ["vetoed", "withdrawn", "expired"]), _negated=True),
                                models.Q(("end_reason", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="who_stops_a_proposal_gives_a_reason",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="MinorityReport",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("text", models.TextField()),
                    ("created_at", models.DateTimeField()),
                    (
                        "author",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "constituency",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="councils.constituency",
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="minority_reports",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("proposal", "constituency"), name="constituency_files_one_minority_report"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("text", ""), _negated=True), name="minority_report_has_a_text"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Seat",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("begins_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField(null=True)),
                    (
                        "constituency",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="taken",
                            to="councils.constituency",
                        ),
                    ),
                    (
                        "council",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="seats",
                            to="councils.council",
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="seats",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ends_at__isnull", True)),
                            fields=("council", "person"),
                            name="person_holds_one_open_ended_seat_per_council",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("ends_at__isnull", True),
                                ("ends_at__gt", models.F("begins_at")),
                                _connector="OR",
                            ),
                            name="seat_ends_after_it_begins",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Elector",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("voted", models.BooleanField(default=False)),
                    ("stood_aside", models.BooleanField(default=False)),
                    ("link", models.BinaryField(null=True)),
                    (
                        "constituency",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="councils.constituency",
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="electors",
                            to="councils.proposal",
                        ),
                    ),
                    (
                        "seat",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="councils.seat"
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("proposal", "person"), name="person_votes_once_on_a_proposal"
                        ),
                        models.UniqueConstraint(
                            fields=("proposal", "seat"), name="seat_votes_once_on_a_proposal"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("stood_aside", False),
                                models.Q(("link__isnull", True), ("voted", False)),
                                _connector="OR",
                            ),
                            name="who_stood_aside_has_no_ballot",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="BallotDraft",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("content", models.JSONField()),
                    ("kept_at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="drafts",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("proposal", "person"), name="member_keeps_one_draft_per_proposal"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Ballot",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("points", models.JSONField()),
                    (
                        "stance",
                        models.CharField(
                            choices=[
                                ("agree", "Agree"),
                                ("abstain", "Abstain"),
                                ("disagree", "Disagree"),
                                ("object", "Object"),
                            ],
                            max_length=8,
                        ),
                    ),
                    ("reason", models.TextField(blank=True)),
                    ("tracker", models.CharField(max_length=20)),
                    (
                        "constituency",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="councils.constituency",
                        ),
                    ),
                    (
                        "elector",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="ballot",
                            to="councils.elector",
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="ballots",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("proposal", "tracker"), name="tracker_is_unique_on_a_proposal"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("stance__in", ["agree", "abstain", "disagree", "object"])),
                            name="stance_is_known",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("stance", "object"), _negated=True),
                                models.Q(("reason", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="who_objects_gives_a_reason",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Reason",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("edge", models.SlugField(blank=True, max_length=40)),
                    ("text", models.TextField()),
                    ("created_at", models.DateTimeField()),
                    ("hidden_at", models.DateTimeField(null=True)),
                    ("hidden_because", models.TextField(blank=True)),
                    (
                        "author",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "parent",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="answers",
                            to="councils.reason",
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="reasons",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("text", ""), _negated=True), name="reason_has_a_text"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("hidden_at__isnull", True),
                                models.Q(("hidden_because", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="who_hides_a_reason_gives_one",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Recusal",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("why", models.TextField()),
                    ("declared_at", models.DateTimeField()),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "proposal",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="recusals",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("proposal", "person"), name="member_stands_aside_once_per_proposal"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("why", ""), _negated=True), name="who_stands_aside_says_why"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Tally",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("result", models.JSONField()),
                    ("bundle", models.TextField()),
                    ("root", models.CharField(max_length=64)),
                    ("counted_at", models.DateTimeField()),
                    (
                        "proposal",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="tally",
                            to="councils.proposal",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("root__regex", "^[0-9a-f]{64}$")),
                            name="bundle_root_is_a_sha256",
                        )
                    ],
                },
            ),
        ),
    ]
