import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0009_sampling_and_links"),
        ("governance", "0002_edge_cards"),
    ]

    operations = [
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.apikey"
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
    ]
