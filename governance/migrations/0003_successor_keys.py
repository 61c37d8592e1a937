from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0002_edge_cards"),
    ]

    operations = [
        migrations.CreateModel(
            name="SuccessorKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("vkey", models.CharField(max_length=400, unique=True)),
                ("predecessor", models.CharField(max_length=400)),
                ("note", models.TextField()),
                ("announced_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("vkey", models.F("predecessor")), _negated=True),
                        name="policy_key_does_not_follow_itself",
                    )
                ],
            },
        ),
    ]
