"""Which checkpoint readers have seen: like the other ends of a log it only grows."""

import django.db.models.deletion
from django.db import migrations, models

from audits.migrations import _sql

TABLE = "audits_served"
GUARD = f"""
CREATE TRIGGER {TABLE}_only_grows BEFORE UPDATE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audits_only_grow();
"""


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Served",
            fields=[
                (
                    "log",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="served",
                        serialize=False,
                        to="audits.log",
                    ),
                ),
                ("size", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("size__gte", 0)), name="served_size_is_not_negative"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            _sql.REFUSE_ROWS.format(table=TABLE, events="DELETE")
            + _sql.REFUSE_TRUNCATE.format(table=TABLE)
            + GUARD,
            migrations.RunSQL.noop,
        ),
    ]
