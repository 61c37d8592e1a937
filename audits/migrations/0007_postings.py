import django.db.models.deletion
from django.db import migrations, models

# Postings of the newest block are rewritten in place while it fills; columns of a block are read apart from its times.
STORAGE = """
ALTER TABLE audits_posting SET (fillfactor = 80);
ALTER TABLE audits_block ALTER COLUMN seconds SET STORAGE EXTERNAL, ALTER COLUMN margins SET STORAGE EXTERNAL,
    ADD CONSTRAINT block_has_a_time_for_each_place CHECK (octet_length(seconds) = 32768),
    ADD CONSTRAINT block_has_a_margin_for_each_place CHECK (octet_length(margins) = 16384);
ALTER TABLE audits_posting ADD CONSTRAINT posting_is_a_list_or_a_bitmap CHECK (octet_length(places) <= 1024);
"""


def system() -> "models.ForeignKey[models.Model, models.Model]":
    """Without a constraint: rows are many and derived."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="governance.aisystem",
    )


def key(*columns: str) -> models.CompositePrimaryKey:
    """A primary key over several columns."""
    return models.CompositePrimaryKey(*columns, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("audits", "0006_witnesses")]

    operations = [
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("pk", key("system_id", "term", "block")),
                ("term", models.BigIntegerField()),
                ("block", models.BigIntegerField()),
                ("places", models.BinaryField()),
                ("system", system()),
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
                ("system", system()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                        name="block_ends_after_it_begins",
                    )
                ]
            },
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.AddField("cursor", "searchable", models.BigIntegerField(default=0)),
        migrations.AddConstraint(
            "cursor",
            models.CheckConstraint(
                condition=models.Q(("searchable__gte", 0), ("searchable__lte", models.F("next"))),
                name="cursor_indexes_what_is_assessed",
            ),
        ),
        migrations.RemoveIndex("assessment", "assessment_by_driving_edge"),
        migrations.RemoveIndex("assessment", "assessment_not_conformant"),
    ]
