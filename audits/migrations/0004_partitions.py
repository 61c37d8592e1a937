import django.db.models.deletion
from django.db import migrations, models

# Decisions are partitioned by range of index, like entries; their ids by hash of the id, with what recognises a
# re-post beside them. Docs: docs/adr/0009-storage-by-place-and-by-id.md
PARTITION_ENTRIES = 4_194_304
ID_PARTITIONS = 8

COLUMNS = (
    "system_id, index, uuid, occurred_at, logged_at, model_version, context, chosen, disposition, policy_version, "
    "options, sealed, data_key_id, groups, weights"
)
SHAPE = """
    system_id bigint NOT NULL,
    index bigint NOT NULL,
    uuid uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    logged_at timestamptz NOT NULL,
    model_version varchar(256) NOT NULL,
    context jsonb NOT NULL,
    chosen varchar(256),
    disposition varchar(16) NOT NULL,
    policy_version bigint NOT NULL,
    options smallint NOT NULL,
    {more}
    sealed bytea,
    data_key_id bigint,
    groups jsonb,
    weights jsonb,
    CONSTRAINT {key} PRIMARY KEY (system_id, index),
    CONSTRAINT decision_disposition_is_known
        CHECK (disposition IN ('answered', 'clarified', 'escalated', 'refused')),
    CONSTRAINT decision_answered_names_the_option_chosen CHECK (chosen IS NOT NULL OR disposition <> 'answered'),
    CONSTRAINT decision_index_is_not_negative CHECK (index >= 0),
    CONSTRAINT decision_options_are_counted CHECK (options >= 0)
"""
INDEXES = """
CREATE INDEX decision_by_time ON audits_decision (system_id, occurred_at);
CREATE INDEX decision_by_data_key ON audits_decision (data_key_id) WHERE groups IS NOT NULL;
ALTER TABLE audits_decision ALTER COLUMN sealed SET STORAGE EXTERNAL;
"""
SET_ASIDE = """
ALTER TABLE audits_decision RENAME TO audits_decision_before;
DROP INDEX decision_by_time, decision_by_data_key;
"""
PARTITIONED = (
    SET_ASIDE
    + f"""
ALTER TABLE audits_decision_before DROP CONSTRAINT decision_id_is_unique_in_its_system;
CREATE TABLE audits_decision ({SHAPE.format(more="", key="decision_has_one_index_in_its_system")}) PARTITION BY RANGE (index);
CREATE TABLE audits_decision_rest PARTITION OF audits_decision DEFAULT;
{INDEXES}
CREATE TABLE audits_decisionid (
    system_id bigint NOT NULL,
    uuid uuid NOT NULL,
    index bigint NOT NULL,
    fingerprint bytea,
    CONSTRAINT decision_id_is_unique_in_its_system PRIMARY KEY (uuid, system_id),
    CONSTRAINT decision_fingerprint_is_one_hash CHECK (octet_length(fingerprint) = 32)
) PARTITION BY HASH (uuid);
"""
    + "".join(
        f"CREATE TABLE audits_decisionid_{part} PARTITION OF audits_decisionid "
        f"FOR VALUES WITH (MODULUS {ID_PARTITIONS}, REMAINDER {part});\n"
        for part in range(ID_PARTITIONS)
    )
)
# The application owns no table and may make none: this one thing it may ask the owner's function to do. A partition
# is made beside the table and then attached, which stops neither readers nor writers; it gets the TRUNCATE trigger
# that the parent's cannot give it. Ranges that the DEFAULT partition already holds rows of stay there.
MAKE_ROOM = f"""
CREATE FUNCTION audits_make_room() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    width CONSTANT bigint := {PARTITION_ENTRIES};
    head bigint; part bigint; parent text; child text; held boolean; made integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(3806, 1) THEN RETURN 0; END IF;
    SELECT coalesce(max(size), 0) / width INTO head FROM public.audits_head;
    FOREACH parent IN ARRAY ARRAY['audits_entry', 'audits_decision'] LOOP
        FOR part IN 0 .. head + 3 LOOP
            child := parent || '_' || lpad(part::text, greatest(2, length(part::text)), '0');
            CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE index >= $1 AND index < $2)',
                           parent || '_rest') INTO held USING part * width, (part + 1) * width;
            CONTINUE WHEN held;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, parent);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                           parent, child, part * width, (part + 1) * width);
            IF parent = 'audits_entry' THEN
                EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT '
                               'EXECUTE FUNCTION public.audits_refuse_change()',
                               child || '_is_never_truncated', child);
            END IF;
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION audits_make_room() FROM PUBLIC;
SELECT audits_make_room();
"""  # noqa: S608  (a constant of this file)
MOVE = f"""
INSERT INTO audits_decision ({COLUMNS}) SELECT {COLUMNS} FROM audits_decision_before;
INSERT INTO audits_decisionid (system_id, uuid, index, fingerprint)
    SELECT system_id, uuid, index, fingerprint FROM audits_decision_before;
DROP TABLE audits_decision_before;
"""  # noqa: S608  (a constant of this file)
WHOLE_AGAIN = f"""
DROP FUNCTION audits_make_room();
{SET_ASIDE}
CREATE TABLE audits_decision ({SHAPE.format(more="fingerprint bytea,", key="audits_decision_pkey")});
INSERT INTO audits_decision ({COLUMNS}, fingerprint)
    SELECT {", ".join(f"d.{name}" for name in COLUMNS.split(", "))}, i.fingerprint
    FROM audits_decision_before d JOIN audits_decisionid i USING (system_id, uuid);
ALTER TABLE audits_decision ADD CONSTRAINT decision_id_is_unique_in_its_system_whole UNIQUE (system_id, uuid);
DROP TABLE audits_decision_before, audits_decisionid;
ALTER TABLE audits_decision
    RENAME CONSTRAINT decision_id_is_unique_in_its_system_whole TO decision_id_is_unique_in_its_system;
{INDEXES}
"""  # noqa: S608  (constants of this file)


class Migration(migrations.Migration):
    dependencies = [("audits", "0003_reports")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="decision", name="decision_id_is_unique_in_its_system"
                ),
                migrations.RemoveField(model_name="decision", name="fingerprint"),
                migrations.CreateModel(
                    name="DecisionId",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "uuid",
                                "system_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("uuid", models.UUIDField()),
                        ("index", models.BigIntegerField()),
                        ("fingerprint", models.BinaryField(null=True)),
                        (
                            "system",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="governance.aisystem",
                            ),
                        ),
                    ],
                ),
            ],
            database_operations=[
                migrations.RunSQL(PARTITIONED, migrations.RunSQL.noop),
                migrations.RunSQL(MAKE_ROOM, migrations.RunSQL.noop),
                migrations.RunSQL(MOVE, WHOLE_AGAIN),
            ],
        ),
    ]
