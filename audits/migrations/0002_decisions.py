import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Encrypted and packed bytes do not compress; PostgreSQL need not try.
STORAGE = """
ALTER TABLE audits_decision ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE audits_segment ALTER COLUMN data SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0001_ledger"),
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cursor",
            fields=[
                (
                    "system",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="governance.aisystem",
                    ),
                ),
                ("next", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("next__gte", 0)), name="cursor_is_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Assessment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "system_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("index", models.BigIntegerField()),
                ("runner_up", models.CharField(max_length=256, null=True)),
                ("margin", models.FloatField(null=True)),
                ("driving_edge", models.CharField(max_length=40, null=True)),
                (
                    "tied_edges",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("confidence", models.FloatField(null=True)),
                (
                    "verdicts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24), default=list, size=None
                    ),
                ),
                ("assessed_at", models.DateTimeField()),
                (
                    "system",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="governance.aisystem",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["system", "driving_edge", "index"], name="assessment_by_driving_edge"
                    ),
                    models.Index(
                        condition=models.Q(("verdicts", []), _negated=True),
                        fields=["system", "index"],
                        name="assessment_not_conformant",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confidence__isnull", True),
                            models.Q(("confidence__gte", 0), ("confidence__lte", 1)),
                            _connector="OR",
                        ),
                        name="assessment_confidence_is_a_probability",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "system_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("index", models.BigIntegerField()),
                ("uuid", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("logged_at", models.DateTimeField()),
                ("model_version", models.CharField(max_length=256)),
                ("context", models.JSONField()),
                ("chosen", models.CharField(max_length=256, null=True)),
                (
                    "disposition",
                    models.CharField(
                        choices=[
                            ("answered", "Answered"),
                            ("clarified", "Asked for clarification"),
                            ("escalated", "Passed to a person"),
                            ("refused", "Refused"),
                        ],
                        max_length=16,
                    ),
                ),
                ("policy_version", models.BigIntegerField()),
                ("options", models.PositiveSmallIntegerField()),
                ("fingerprint", models.BinaryField(null=True)),
                ("sealed", models.BinaryField(null=True)),
                ("groups", models.JSONField(null=True)),
                ("weights", models.JSONField(null=True)),
                (
                    "data_key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="audits.datakey",
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="governance.aisystem",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["system", "occurred_at"], name="decision_by_time"),
                    models.Index(
                        condition=models.Q(("groups__isnull", False)),
                        fields=["data_key"],
                        name="decision_by_data_key",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("system", "uuid"), name="decision_id_is_unique_in_its_system"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("disposition__in", ["answered", "clarified", "escalated", "refused"])
                        ),
                        name="decision_disposition_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("chosen__isnull", False),
                            models.Q(("disposition", "answered"), _negated=True),
                            _connector="OR",
                        ),
                        name="decision_answered_names_the_option_chosen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("index__gte", 0)), name="decision_index_is_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "system_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("index", models.BigIntegerField()),
                ("satisfaction", models.FloatField(null=True)),
                ("error", models.BooleanField(null=True)),
                ("group", models.CharField(blank=True, max_length=256)),
                ("received_at", models.DateTimeField()),
                (
                    "system",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="governance.aisystem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("satisfaction__isnull", True),
                            models.Q(("satisfaction__gte", 0), ("satisfaction__lte", 1)),
                            _connector="OR",
                        ),
                        name="feedback_satisfaction_lies_between_0_and_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("satisfaction__isnull", False), ("error__isnull", False), _connector="OR"
                        ),
                        name="feedback_states_satisfaction_or_error",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verdict", models.CharField(max_length=24)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("in_review", "In review"), ("closed", "Closed")],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("due_on", models.DateField()),
                ("decisions", models.PositiveIntegerField()),
                ("first_index", models.BigIntegerField()),
                ("last_index", models.BigIntegerField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(blank=True)),
                (
                    "owner",
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
                        related_name="findings",
                        to="governance.aisystem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "closed"), _negated=True),
                        fields=("system", "verdict"),
                        name="one_finding_per_system_and_verdict_is_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state", "closed")),
                            models.Q(
                                models.Q(("state", "closed"), _negated=True), ("closed_at__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="finding_closed_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "closed"), _negated=True),
                            models.Q(("answer", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="finding_closed_has_an_answer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decisions__gte", 1)), name="finding_rests_on_a_decision"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "system_id", "first", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("decisions", models.PositiveIntegerField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("data", models.BinaryField()),
                (
                    "system",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="governance.aisystem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", models.F("first"))),
                        name="segment_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
