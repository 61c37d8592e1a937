import django.db.models.deletion
from django.db import migrations, models

# Cosignatures are only added, and only to checkpoints there are. What this deployment witnessed never goes back: the
# row is the witness's memory, and forgetting would let it cosign a second history.
TRIGGERS = """
ALTER TABLE audits_cosignature
    ADD CONSTRAINT cosignature_is_under_a_checkpoint FOREIGN KEY (log_id, size)
    REFERENCES audits_checkpoint (log_id, size);
CREATE TRIGGER audits_cosignature_is_append_only BEFORE UPDATE OR DELETE ON audits_cosignature
    FOR EACH ROW EXECUTE FUNCTION audits_refuse_change();
CREATE TRIGGER audits_cosignature_is_never_truncated BEFORE TRUNCATE ON audits_cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION audits_refuse_change();

ALTER TABLE audits_witnessedlog
    ADD CONSTRAINT witnessed_root_is_one_hash CHECK (octet_length(root) = 32);
CREATE FUNCTION audits_witness_remembers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.origin <> OLD.origin OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION 'a witness never goes back: from % to % is refused', OLD.size, NEW.size
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_witness_never_goes_back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audits_witnessedlog_never_goes_back BEFORE UPDATE ON audits_witnessedlog
    FOR EACH ROW EXECUTE FUNCTION audits_witness_remembers();
CREATE TRIGGER audits_witnessedlog_is_kept BEFORE DELETE ON audits_witnessedlog
    FOR EACH ROW EXECUTE FUNCTION audits_refuse_change();
CREATE TRIGGER audits_witnessedlog_is_never_truncated BEFORE TRUNCATE ON audits_witnessedlog
    FOR EACH STATEMENT EXECUTE FUNCTION audits_refuse_change();
"""
UNDO_TRIGGERS = """
DROP TRIGGER audits_witnessedlog_never_goes_back ON audits_witnessedlog;
DROP FUNCTION audits_witness_remembers();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0005_protection"),
    ]

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "witness", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "size", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
        migrations.RunSQL(TRIGGERS, UNDO_TRIGGERS),
    ]
