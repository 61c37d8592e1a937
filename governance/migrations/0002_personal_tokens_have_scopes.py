"""Personal tokens have scopes; those that exist only read."""

import django.contrib.postgres.fields
from django.db import migrations, models

import governance.access.models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="personaltoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                default=governance.access.models.read_only,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="personaltoken",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["read", "write"]), ("scopes__contains", ["read"])
                ),
                name="personal_token_reads_and_may_write",
            ),
        ),
    ]
