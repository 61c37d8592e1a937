"""The modelcards floor: cards with their versions, and results of evaluations."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from governance.migrations._together import CreateModels

# A published card version and a recorded result are statements made in public: they are superseded, never edited.
IMMUTABLE = """
CREATE FUNCTION modelcards_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published card version is immutable'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'card_version_published_is_immutable';
END $$;
CREATE TRIGGER card_version_published_is_immutable BEFORE UPDATE OR DELETE ON modelcards_cardversion
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION modelcards_refuse_edit();

CREATE FUNCTION modelcards_refuse_result_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an evaluation result can be signed once and is otherwise immutable'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'evaluation_result_is_immutable';
END $$;
CREATE TRIGGER evaluation_result_is_immutable BEFORE UPDATE ON modelcards_evaluationresult
    FOR EACH ROW WHEN (
        OLD.signed_at IS NOT NULL
        OR (OLD.system_id, OLD.suite, OLD.metric, OLD.edge, OLD.value, OLD.data_sha256, OLD.measured_at)
        IS DISTINCT FROM
        (NEW.system_id, NEW.suite, NEW.metric, NEW.edge, NEW.value, NEW.data_sha256, NEW.measured_at)
    ) EXECUTE FUNCTION modelcards_refuse_result_edit();
"""
MUTABLE = """
DROP TRIGGER evaluation_result_is_immutable ON modelcards_evaluationresult;
DROP FUNCTION modelcards_refuse_result_edit();
DROP TRIGGER card_version_published_is_immutable ON modelcards_cardversion;
DROP FUNCTION modelcards_refuse_edit();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="Card",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("slug", models.SlugField(max_length=130, unique=True)),
                    ("created_at", models.DateTimeField()),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="cards",
                            to="governance.organisation",
                        ),
                    ),
                    (
                        "system",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="card",
                            to="governance.aisystem",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="CardVersion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("major", models.PositiveIntegerField()),
                    ("minor", models.PositiveIntegerField()),
                    ("patch", models.PositiveIntegerField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("draft", "Draft"),
                                ("approved", "Approved"),
                                ("published", "Published"),
                            ],
                            default="draft",
                            max_length=16,
                        ),
                    ),
                    ("reason", models.CharField(max_length=200)),
                    ("policy_version", models.PositiveIntegerField(null=True)),
                    ("narrative", models.JSONField(default=dict)),
                    ("manifest", models.TextField(blank=True)),
                    ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                    ("evidence", models.TextField(blank=True)),
                    ("file", models.FileField(blank=True, max_length=200, upload_to="")),
                    ("pdf_sha256", models.CharField(blank=True, max_length=64)),
                    ("created_at", models.DateTimeField()),
                    ("approved_at", models.DateTimeField(null=True)),
                    ("published_at", models.DateTimeField(null=True)),
                    (
                        "approved_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "card",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="versions",
                            to="modelcards.card",
                        ),
                    ),
                    (
                        "created_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
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
                        "published_by",
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
                            fields=("card", "major", "minor", "patch"),
                            name="card_version_number_is_used_once",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["draft", "approved"])),
                            fields=("card",),
                            name="one_version_of_a_card_is_in_preparation",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("state__in", ["draft", "approved", "published"])),
                            name="card_version_state_is_known",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state", "draft"),
                                models.Q(
                                    ("approved_at__isnull", False),
                                    ("manifest_sha256__regex", "^[0-9a-f]{64}$"),
                                ),
                                _connector="OR",
                            ),
                            name="card_version_approved_has_frozen_figures",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "published"), _negated=True),
                                models.Q(
                                    ("published_at__isnull", False),
                                    ("pdf_sha256__regex", "^[0-9a-f]{64}$"),
                                    models.Q(("file", ""), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            name="card_version_published_has_file_and_hash",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="EvaluationResult",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("model_version", models.CharField(blank=True, max_length=60)),
                    ("suite", models.CharField(max_length=80)),
                    ("metric", models.CharField(max_length=80)),
                    ("edge", models.SlugField(blank=True, max_length=40)),
                    ("value", models.FloatField()),
                    ("low", models.FloatField(null=True)),
                    ("high", models.FloatField(null=True)),
                    ("slice", models.JSONField(blank=True, default=dict)),
                    ("n", models.PositiveIntegerField(null=True)),
                    ("data_name", models.CharField(blank=True, max_length=120)),
                    ("data_sha256", models.CharField(max_length=64)),
                    ("measured_at", models.DateTimeField()),
                    ("created_at", models.DateTimeField()),
                    ("signed_at", models.DateTimeField(null=True)),
                    (
                        "signed_by",
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
                            related_name="evaluation_results",
                            to="governance.aisystem",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("data_sha256__regex", "^[0-9a-f]{64}$")),
                            name="evaluation_result_names_its_data_by_hash",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("high__isnull", True), ("low__isnull", True)),
                                models.Q(("high__gte", models.F("value")), ("low__lte", models.F("value"))),
                                _connector="OR",
                            ),
                            name="evaluation_interval_holds_its_value",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("signed_at__isnull", True), ("signed_by__isnull", True)),
                                models.Q(("signed_at__isnull", False), ("signed_by__isnull", False)),
                                _connector="OR",
                            ),
                            name="evaluation_signature_has_person_and_time",
                        ),
                        models.UniqueConstraint(
                            fields=(
                                "system",
                                "suite",
                                "metric",
                                "edge",
                                "slice",
                                "model_version",
                                "data_sha256",
                                "measured_at",
                            ),
                            name="evaluation_result_is_recorded_once",
                        ),
                    ],
                },
            ),
        ),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
