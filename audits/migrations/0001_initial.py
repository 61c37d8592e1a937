"""The audits floor: the ledger, decisions and their figures, rescoring, reports, protection of data, witnesses.

What Django cannot state is in `_sql`. Functions come first, so that taking the migration back drops them last: the
tables' triggers, partitions and constraints go with the tables.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audits.migrations import _sql
from governance.migrations._together import CreateModels


def loose(to: str, **options: bool) -> "models.ForeignKey[models.Model, models.Model]":
    """A reference without a constraint or an index: the rows are many, and most of them derived."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
        **options,
    )


def key(*columns: str) -> models.CompositePrimaryKey:
    """A primary key over several columns."""
    return models.CompositePrimaryKey(*columns, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("audits", "0001_ledger"),
        ("audits", "0002_decisions"),
        ("audits", "0003_reports"),
        ("audits", "0004_partitions"),
        ("audits", "0005_protection"),
        ("audits", "0006_witnesses"),
        ("audits", "0007_postings"),
        ("audits", "0008_rescoring"),
        ("audits", "0009_sampling_and_links"),
        ("audits", "0010_losses"),
        ("audits", "0011_least_margins"),
    ]

    dependencies = [
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(_sql.FUNCTIONS, _sql.DROP_FUNCTIONS),
        CreateModels(
            migrations.CreateModel(
                name="Log",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("origin", models.CharField(max_length=255, unique=True)),
                    ("created_at", models.DateTimeField()),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="logs",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "system",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="log",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("system__isnull", True)),
                            fields=("organisation",),
                            name="organisation_has_one_log_of_its_own",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="DataKey",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("pseudonym", models.BinaryField()),
                    ("wrapped", models.BinaryField(null=True)),
                    ("created_at", models.DateTimeField()),
                    ("destroyed_at", models.DateTimeField(null=True)),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.organisation",
                        ),
                    ),
                    ("under", models.CharField(blank=True, default="", max_length=16)),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organisation", "pseudonym"),
                            name="subject_has_one_data_key_per_organisation",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("destroyed_at__isnull", False), ("wrapped__isnull", True)),
                                models.Q(("destroyed_at__isnull", True), ("wrapped__isnull", False)),
                                _connector="OR",
                            ),
                            name="data_key_is_held_until_destroyed",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Head",
                fields=[
                    (
                        "log",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="head",
                            serialize=False,
                            to="audits.log",
                        ),
                    ),
                    ("size", models.BigIntegerField()),
                    ("edge", models.BinaryField()),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("size__gte", 0)), name="head_size_is_not_negative"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Published",
                fields=[
                    (
                        "log",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="published",
                            serialize=False,
                            to="audits.log",
                        ),
                    ),
                    ("size", models.BigIntegerField(null=True)),
                ],
            ),
            migrations.SeparateDatabaseAndState(
                state_operations=[
                    migrations.CreateModel(
                        name="Entry",
                        fields=[
                            ("pk", key("log_id", "index")),
                            ("index", models.BigIntegerField()),
                            ("entry", models.BinaryField()),
                            ("log", loose("audits.log")),
                        ],
                    ),
                ],
                database_operations=[migrations.RunSQL(_sql.ENTRIES, "DROP TABLE audits_entry")],
            ),
            migrations.CreateModel(
                name="Tile",
                fields=[
                    ("pk", key("log_id", "level", "n")),
                    ("level", models.PositiveSmallIntegerField()),
                    ("n", models.BigIntegerField()),
                    ("hashes", models.BinaryField()),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="audits.log",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Checkpoint",
                fields=[
                    ("pk", key("log_id", "size")),
                    ("size", models.BigIntegerField()),
                    ("root", models.BinaryField()),
                    ("note", models.TextField()),
                    ("signed_at", models.DateTimeField()),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="audits.log",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="LoggedEvent",
                fields=[
                    ("pk", key("log_id", "index")),
                    ("index", models.BigIntegerField()),
                    ("type", models.CharField(max_length=80)),
                    ("subject", models.CharField(blank=True, max_length=200)),
                    ("by", models.CharField(max_length=100)),
                    ("at", models.DateTimeField()),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="events",
                            to="audits.log",
                        ),
                    ),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["log", "type", "-index"], name="event_by_type"),
                        models.Index(fields=["log", "subject", "-index"], name="event_by_subject"),
                    ],
                },
            ),
            migrations.CreateModel(
                name="SealedFacts",
                fields=[
                    ("pk", key("log_id", "index")),
                    ("index", models.BigIntegerField()),
                    ("blob", models.BinaryField()),
                    (
                        "data_key",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.datakey"
                        ),
                    ),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="audits.log",
                        ),
                    ),
                ],
            ),
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
                    ("searchable", models.BigIntegerField(default=0)),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("next__gte", 0)), name="cursor_is_not_negative"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("searchable__gte", 0), ("searchable__lte", models.F("next"))),
                            name="cursor_indexes_what_is_assessed",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Assessment",
                fields=[
                    ("pk", key("system_id", "index")),
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
                    ("system", loose("governance.aisystem")),
                ],
                options={
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
            migrations.SeparateDatabaseAndState(
                state_operations=[
                    migrations.CreateModel(
                        name="Decision",
                        fields=[
                            ("pk", key("system_id", "index")),
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
                            ("sealed", models.BinaryField(null=True)),
                            ("groups", models.JSONField(null=True)),
                            ("weights", models.JSONField(null=True)),
                            ("data_key", loose("audits.datakey", null=True)),
                            ("system", loose("governance.aisystem")),
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
                                    condition=models.Q(("index__gte", 0)),
                                    name="decision_index_is_not_negative",
                                ),
                            ],
                        },
                    ),
                ],
                database_operations=[migrations.RunSQL(_sql.DECISIONS, "DROP TABLE audits_decision")],
            ),
            migrations.SeparateDatabaseAndState(
                state_operations=[
                    migrations.CreateModel(
                        name="DecisionId",
                        fields=[
                            ("pk", key("uuid", "system_id")),
                            ("uuid", models.UUIDField()),
                            ("index", models.BigIntegerField()),
                            ("fingerprint", models.BinaryField(null=True)),
                            ("system", loose("governance.aisystem")),
                        ],
                    ),
                ],
                database_operations=[migrations.RunSQL(_sql.DECISION_IDS, "DROP TABLE audits_decisionid")],
            ),
            migrations.CreateModel(
                name="Feedback",
                fields=[
                    ("pk", key("system_id", "index")),
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
                    ("pk", key("system_id", "first")),
                    ("first", models.BigIntegerField()),
                    ("last", models.BigIntegerField()),
                    ("decisions", models.PositiveIntegerField()),
                    ("starts_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("data", models.BinaryField()),
                    ("system", loose("governance.aisystem")),
                    ("form", models.PositiveSmallIntegerField(default=0)),
                    ("links", models.BinaryField(default=b"")),
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
            migrations.CreateModel(
                name="Report",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.PositiveIntegerField()),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("compliance", "Compliance report"),
                                ("minutes", "Minutes of a proposal"),
                                ("explanation", "Explanation of a decision"),
                            ],
                            max_length=16,
                        ),
                    ),
                    ("subject", models.CharField(blank=True, max_length=80)),
                    ("window_start", models.DateTimeField(null=True)),
                    ("window_end", models.DateTimeField(null=True)),
                    (
                        "frameworks",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), default=list, size=None
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("requested", "Requested"),
                                ("rendering", "Being made"),
                                ("finished", "Finished"),
                                ("failed", "Failed"),
                                ("erased", "Erased"),
                            ],
                            default="requested",
                            max_length=16,
                        ),
                    ),
                    ("requested_at", models.DateTimeField()),
                    ("finished_at", models.DateTimeField(null=True)),
                    ("manifest", models.TextField(blank=True)),
                    ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                    ("file", models.FileField(blank=True, max_length=200, upload_to="")),
                    ("pdf_sha256", models.CharField(blank=True, max_length=64)),
                    ("error", models.TextField(blank=True)),
                    (
                        "job",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to="governance.job",
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="reports",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "requested_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "superseded_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="supersedes",
                            to="audits.report",
                        ),
                    ),
                    (
                        "system",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="reports",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organisation", "number"),
                            name="report_number_is_unique_in_its_organisation",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("kind", "compliance"),
                                    ("system__isnull", False),
                                    ("window_start__isnull", False),
                                ),
                                models.Q(
                                    models.Q(("kind", "compliance"), _negated=True),
                                    models.Q(("subject", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="report_says_what_it_is_about",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("window_end__isnull", True),
                                ("window_end__gt", models.F("window_start")),
                                _connector="OR",
                            ),
                            name="report_window_ends_after_it_begins",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "finished"), _negated=True),
                                models.Q(
                                    ("finished_at__isnull", False),
                                    ("pdf_sha256__regex", "^[0-9a-f]{64}$"),
                                    models.Q(("file", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="report_finished_has_file_and_hash",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state__in", ["requested", "rendering", "finished", "failed", "erased"])
                            ),
                            name="report_state_is_known",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "erased"), _negated=True),
                                ("manifest", ""),
                                _connector="OR",
                            ),
                            name="report_erased_has_no_manifest",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Erasure",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("pseudonym", models.BinaryField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("requested", "Requested"),
                                ("held", "Waits for a legal hold"),
                                ("executed", "Executed"),
                            ],
                            default="requested",
                            max_length=16,
                        ),
                    ),
                    (
                        "findings",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.BigIntegerField(), default=list, size=None
                        ),
                    ),
                    ("requested_at", models.DateTimeField()),
                    ("due_on", models.DateField()),
                    ("executed_at", models.DateTimeField(null=True)),
                    ("records", models.PositiveBigIntegerField(null=True)),
                    (
                        "job",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to="governance.job",
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "requested_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state", "executed"), _negated=True),
                            fields=("organisation", "pseudonym"),
                            name="subject_has_one_open_erasure",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("executed_at__isnull", True),
                                    ("records__isnull", True),
                                    ("state__in", ["requested", "held"]),
                                ),
                                models.Q(
                                    ("executed_at__isnull", False),
                                    ("records__isnull", False),
                                    ("state", "executed"),
                                ),
                                _connector="OR",
                            ),
                            name="erasure_executed_says_when_and_how_much",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Hold",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("pseudonym", models.BinaryField()),
                    ("placed_at", models.DateTimeField()),
                    ("lifted_at", models.DateTimeField(null=True)),
                    (
                        "lifted_by",
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
                            related_name="+",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "placed_by",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("lifted_at__isnull", True)),
                            fields=("organisation", "pseudonym"),
                            name="subject_is_under_one_hold_at_a_time",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                                models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                                _connector="OR",
                            ),
                            name="hold_lifted_says_by_whom",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="LastingKey",
                fields=[
                    ("purpose", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("wrapped", models.BinaryField()),
                    ("under", models.CharField(max_length=16)),
                ],
            ),
            migrations.CreateModel(
                name="Retention",
                fields=[
                    (
                        "system",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="retention",
                            serialize=False,
                            to="governance.aisystem",
                        ),
                    ),
                    ("days", models.PositiveIntegerField()),
                    ("expired_to", models.BigIntegerField(default=0)),
                    ("set_at", models.DateTimeField()),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("days__gte", 1)), name="retention_lasts_a_day_at_least"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("expired_to__gte", 0)),
                            name="retention_cursor_is_not_negative",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Contact",
                fields=[
                    ("pk", key("log_id", "witness")),
                    ("witness", models.CharField(max_length=500)),
                    ("problem", models.CharField(blank=True, max_length=40)),
                    ("at", models.DateTimeField()),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="audits.log",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="WitnessedLog",
                fields=[
                    ("origin", models.CharField(max_length=255, primary_key=True, serialize=False)),
                    ("size", models.BigIntegerField()),
                    ("root", models.BinaryField(max_length=32)),
                    ("note", models.TextField(blank=True)),
                    ("cosigned_at", models.DateTimeField()),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("size__gte", 0)), name="witnessed_size_is_not_negative"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Cosignature",
                fields=[
                    ("pk", key("log_id", "size", "key")),
                    ("size", models.BigIntegerField()),
                    ("key", models.CharField(max_length=300)),
                    ("line", models.TextField()),
                    ("cosigned_at", models.DateTimeField()),
                    (
                        "log",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="audits.log",
                        ),
                    ),
                ],
                options={
                    "indexes": [models.Index(fields=["log", "key", "-size"], name="cosignature_by_witness")],
                },
            ),
            migrations.CreateModel(
                name="Posting",
                fields=[
                    ("pk", key("system_id", "term", "block")),
                    ("term", models.BigIntegerField()),
                    ("block", models.BigIntegerField()),
                    ("places", models.BinaryField()),
                    ("system", loose("governance.aisystem")),
                ],
            ),
            migrations.CreateModel(
                name="Block",
                fields=[
                    ("pk", key("system_id", "block")),
                    ("block", models.BigIntegerField()),
                    ("starts_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("exact", models.JSONField()),
                    ("seconds", models.BinaryField()),
                    ("margins", models.BinaryField()),
                    ("system", loose("governance.aisystem")),
                    ("least_margin", models.PositiveIntegerField(default=0)),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                            name="block_ends_after_it_begins",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Agreement",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("edge", models.SlugField(max_length=40)),
                    ("scorer", models.CharField(max_length=120)),
                    ("decisions", models.PositiveIntegerField()),
                    ("value", models.FloatField(null=True)),
                    ("low", models.FloatField(null=True)),
                    ("high", models.FloatField(null=True)),
                    ("difference", models.FloatField(null=True)),
                    ("computed_at", models.DateTimeField()),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="agreements",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("system", "edge"), name="agreement_is_one_per_edge"),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(
                                    ("high__isnull", True), ("low__isnull", True), ("value__isnull", True)
                                ),
                                models.Q(
                                    ("high__gte", models.F("value")),
                                    ("high__lte", 1),
                                    ("low__gte", -1),
                                    ("low__lte", models.F("value")),
                                ),
                                _connector="OR",
                            ),
                            name="agreement_lies_in_its_interval",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Rescore",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("index", models.BigIntegerField()),
                    ("edge", models.SlugField(max_length=40)),
                    ("scorer", models.CharField(max_length=120)),
                    ("reported", models.JSONField()),
                    ("scores", models.JSONField()),
                    ("rescored_at", models.DateTimeField()),
                    ("system", loose("governance.aisystem")),
                    ("rate", models.FloatField(default=1.0)),
                ],
                options={
                    "indexes": [models.Index(fields=["system", "index"], name="rescore_by_decision")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("system", "edge", "scorer", "index"),
                            name="rescore_is_unique_per_decision_edge_and_scorer",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("scorer", ""), _negated=True), name="rescore_names_its_scorer"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("index__gte", 0)), name="rescore_index_is_not_negative"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("rate__gt", 0), ("rate__lte", 1)),
                            name="rescore_rate_is_above_0_and_at_most_1",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Rescorer",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("edge", models.SlugField(max_length=40)),
                    ("scorer", models.CharField(max_length=120)),
                    ("route", models.CharField(max_length=40)),
                    ("share", models.FloatField()),
                    (
                        "discloses",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=16), default=list, size=None
                        ),
                    ),
                    ("next", models.BigIntegerField()),
                    ("created_at", models.DateTimeField()),
                    ("withdrawn_at", models.DateTimeField(null=True)),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="rescorers",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("withdrawn_at__isnull", True)),
                            fields=("system", "edge"),
                            name="one_rescorer_per_edge_is_in_force",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("share__gt", 0), ("share__lte", 1)),
                            name="rescorer_share_is_above_0_and_at_most_1",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("scorer", ""), _negated=True),
                            name="rescorer_names_its_scorer",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("discloses__contained_by", ["text", "labels"])),
                            name="rescorer_discloses_text_or_labels_only",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("next__gte", 0)), name="rescorer_next_is_not_negative"
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="LossReport",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("process", models.CharField(blank=True, max_length=64)),
                    ("total", models.BigIntegerField()),
                    ("first_at", models.DateTimeField()),
                    ("last_at", models.DateTimeField()),
                    (
                        "key",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.apikey",
                        ),
                    ),
                    (
                        "system",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "indexes": [models.Index(fields=["system", "-last_at"], name="loss_report_by_system")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("key", "process"), name="loss_report_is_one_for_each_key_and_process"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("total__gte", 0)), name="loss_report_is_not_negative"
                        ),
                    ],
                },
            ),
        ),
        migrations.RunSQL(_sql.STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(_sql.CONSTRAINTS, migrations.RunSQL.noop),
        migrations.RunSQL(_sql.TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(_sql.MAKE_ROOM, migrations.RunSQL.noop),
    ]
