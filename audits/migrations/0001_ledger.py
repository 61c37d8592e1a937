import django.db.models.deletion
from django.db import migrations, models

PARTITION_ENTRIES = 4_194_304
PARTITIONS = 16

# The entries' table is partitioned, which Django cannot state; each partition gets its own TRUNCATE trigger, because a
# statement trigger on the parent does not see a TRUNCATE of a partition.
CREATE_ENTRIES = (
    """
CREATE TABLE audits_entry (
    log_id bigint NOT NULL,
    index bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT entry_has_one_index_in_its_log PRIMARY KEY (log_id, index),
    CONSTRAINT entry_index_is_not_negative CHECK (index >= 0),
    CONSTRAINT entry_fits_a_bundle CHECK (octet_length(entry) <= 65535)
) PARTITION BY RANGE (index);
"""
    + "".join(
        f"""
CREATE TABLE audits_entry_{part:02d} PARTITION OF audits_entry
    FOR VALUES FROM ({part * PARTITION_ENTRIES}) TO ({(part + 1) * PARTITION_ENTRIES});
"""
        for part in range(PARTITIONS)
    )
    + """
CREATE TABLE audits_entry_rest PARTITION OF audits_entry DEFAULT;
"""
)

LENGTHS = """
ALTER TABLE audits_tile
    ADD CONSTRAINT tile_holds_256_hashes CHECK (octet_length(hashes) = 8192),
    ALTER COLUMN hashes SET STORAGE EXTERNAL;
-- The edge is rewritten by every append: its dead copies are cleared away at once.
ALTER TABLE audits_head ALTER COLUMN edge SET STORAGE EXTERNAL, SET (
    fillfactor = 50,
    toast.autovacuum_vacuum_threshold = 200, toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE audits_checkpoint
    ADD CONSTRAINT checkpoint_root_is_one_hash CHECK (octet_length(root) = 32),
    ADD CONSTRAINT checkpoint_size_is_not_negative CHECK (size >= 0);
ALTER TABLE audits_published
    ADD CONSTRAINT published_size_has_a_checkpoint FOREIGN KEY (log_id, size)
    REFERENCES audits_checkpoint (log_id, size);
"""
UNDO_LENGTHS = "ALTER TABLE audits_published DROP CONSTRAINT published_size_has_a_checkpoint;"

FUNCTIONS = """
CREATE FUNCTION audits_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'the_log_is_append_only';
END $$;

CREATE FUNCTION audits_start_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(NEW.size, 0) <> 0 THEN
        RAISE EXCEPTION 'a log starts empty' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_log_starts_empty';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION audits_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.log_id <> OLD.log_id OR NEW.size IS NULL OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION '% only grows: from % to % is refused', TG_TABLE_NAME, OLD.size, NEW.size
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_log_only_grows';
    END IF;
    RETURN NEW;
END $$;
"""
UNDO_FUNCTIONS = """
DROP FUNCTION audits_refuse_change() CASCADE;
DROP FUNCTION audits_start_empty() CASCADE;
DROP FUNCTION audits_only_grow() CASCADE;
"""

REFUSE_ROWS = """
CREATE TRIGGER {table}_is_append_only BEFORE {events} ON {table}
    FOR EACH ROW EXECUTE FUNCTION audits_refuse_change();
"""
REFUSE_TRUNCATE = """
CREATE TRIGGER {table}_is_never_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audits_refuse_change();
"""
MOVE_FORWARD = """
CREATE TRIGGER {table}_starts_empty BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION audits_start_empty();
CREATE TRIGGER {table}_only_grows BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audits_only_grow();
"""
APPENDED = ("audits_log", "audits_entry", "audits_tile", "audits_checkpoint", "audits_loggedevent")
MOVED = ("audits_head", "audits_published")
ENTRY_PARTITIONS = (*(f"audits_entry_{part:02d}" for part in range(PARTITIONS)), "audits_entry_rest")


def triggers() -> str:
    """Every trigger that keeps the ledger's tables append-only, or moving forward only."""
    statements = [REFUSE_ROWS.format(table=table, events="UPDATE OR DELETE") for table in APPENDED]
    statements += [REFUSE_ROWS.format(table=table, events="DELETE") for table in MOVED]
    statements += [REFUSE_TRUNCATE.format(table=table) for table in (*APPENDED, *MOVED, *ENTRY_PARTITIONS)]
    statements += [MOVE_FORWARD.format(table=table) for table in MOVED]
    return "".join(statements)


class Migration(migrations.Migration):
    initial = True

    dependencies = [("governance", "0001_initial")]

    operations = [
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
                ]
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "pseudonym"), name="subject_has_one_data_key_per_organisation"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("destroyed_at__isnull", False), ("wrapped__isnull", True)),
                            models.Q(("destroyed_at__isnull", True), ("wrapped__isnull", False)),
                            _connector="OR",
                        ),
                        name="data_key_is_held_until_destroyed",
                    ),
                ]
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
                ]
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
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "log_id",
                                "index",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("index", models.BigIntegerField()),
                        ("entry", models.BinaryField()),
                        (
                            "log",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="audits.log",
                            ),
                        ),
                    ],
                )
            ],
            database_operations=[migrations.RunSQL(CREATE_ENTRIES, "DROP TABLE audits_entry")],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "level", "n", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "size", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
                ]
            },
        ),
        migrations.CreateModel(
            name="SealedFacts",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
        migrations.RunSQL(LENGTHS, UNDO_LENGTHS),
        migrations.RunSQL(FUNCTIONS, UNDO_FUNCTIONS),
        migrations.RunSQL(triggers(), migrations.RunSQL.noop),
    ]
