import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What was finished stays as it was; only that a later report supersedes it may be noted.
IMMUTABLE = """
CREATE FUNCTION audits_refuse_report_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finished report is immutable'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'report_finished_is_immutable';
END $$;
CREATE TRIGGER report_finished_is_immutable BEFORE UPDATE ON audits_report
    FOR EACH ROW WHEN (
        OLD.state = 'finished'
        AND (OLD.state, OLD.manifest, OLD.file, OLD.pdf_sha256, OLD.manifest_sha256, OLD.finished_at, OLD.number)
        IS DISTINCT FROM
        (NEW.state, NEW.manifest, NEW.file, NEW.pdf_sha256, NEW.manifest_sha256, NEW.finished_at, NEW.number)
    ) EXECUTE FUNCTION audits_refuse_report_edit();
"""
MUTABLE = """
DROP TRIGGER report_finished_is_immutable ON audits_report;
DROP FUNCTION audits_refuse_report_edit();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0002_decisions"),
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
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
                        fields=("organisation", "number"), name="report_number_is_unique_in_its_organisation"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["requested", "rendering", "finished", "failed"])),
                        name="report_state_is_known",
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
                ],
            },
        ),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
