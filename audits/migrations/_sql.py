"""What the audits floor asks of PostgreSQL beyond what Django can state: partitions, storage, lengths, triggers."""

PARTITION_ENTRIES = 4_194_304
PARTITIONS = 16
ID_PARTITIONS = 8

# --- Functions

# The application owns no table and may make none: `audits_make_room` is the one thing it may ask the owner's function
# to do. A partition is made beside the table and then attached, which stops neither readers nor writers; it gets the
# TRUNCATE trigger that the parent's cannot give it. Ranges that the DEFAULT partition already holds rows of stay there.
FUNCTIONS = f"""
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

CREATE FUNCTION audits_witness_remembers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.origin <> OLD.origin OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION 'a witness never goes back: from % to % is refused', OLD.size, NEW.size
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_witness_never_goes_back';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION audits_refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a destroyed data key stays destroyed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'data_key_destroyed_stays_destroyed';
END $$;

CREATE FUNCTION audits_refuse_report_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finished report is immutable'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'report_finished_is_immutable';
END $$;

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
"""  # noqa: S608  (a constant of this file)
DROP_FUNCTIONS = """
DROP FUNCTION audits_refuse_change(), audits_start_empty(), audits_only_grow(), audits_witness_remembers(),
    audits_refuse_revival(), audits_refuse_report_edit(), audits_make_room();
"""
MAKE_ROOM = "SELECT audits_make_room();"

# --- Tables in partitions. Docs: docs/adr/0009-storage-by-place-and-by-id.md

# Entries and decisions are partitioned by range of index, the decisions' ids by hash of the id, with what recognises a
# re-post beside them.
ENTRIES = (
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

# The ranges of decisions are made by `audits_make_room`.
DECISIONS = """
CREATE TABLE audits_decision (
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
    sealed bytea,
    data_key_id bigint,
    groups jsonb,
    weights jsonb,
    CONSTRAINT decision_has_one_index_in_its_system PRIMARY KEY (system_id, index),
    CONSTRAINT decision_disposition_is_known
        CHECK (disposition IN ('answered', 'clarified', 'escalated', 'refused')),
    CONSTRAINT decision_answered_names_the_option_chosen CHECK (chosen IS NOT NULL OR disposition <> 'answered'),
    CONSTRAINT decision_index_is_not_negative CHECK (index >= 0),
    CONSTRAINT decision_options_are_counted CHECK (options >= 0)
) PARTITION BY RANGE (index);
CREATE TABLE audits_decision_rest PARTITION OF audits_decision DEFAULT;
CREATE INDEX decision_by_time ON audits_decision (system_id, occurred_at);
CREATE INDEX decision_by_data_key ON audits_decision (data_key_id) WHERE groups IS NOT NULL;
"""

DECISION_IDS = """
CREATE TABLE audits_decisionid (
    system_id bigint NOT NULL,
    uuid uuid NOT NULL,
    index bigint NOT NULL,
    fingerprint bytea,
    CONSTRAINT decision_id_is_unique_in_its_system PRIMARY KEY (uuid, system_id),
    CONSTRAINT decision_fingerprint_is_one_hash CHECK (octet_length(fingerprint) = 32)
) PARTITION BY HASH (uuid);
""" + "".join(
    f"""
CREATE TABLE audits_decisionid_{part} PARTITION OF audits_decisionid
    FOR VALUES WITH (MODULUS {ID_PARTITIONS}, REMAINDER {part});
"""
    for part in range(ID_PARTITIONS)
)

# --- Storage

# Encrypted, hashed and packed bytes do not compress; PostgreSQL need not try. Columns of a block are read apart from
# its times. The head's edge is rewritten by every append: its dead copies are cleared away at once. Postings of the
# newest block are rewritten in place while it fills.
STORAGE = """
ALTER TABLE audits_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE audits_decision ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE audits_segment ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE audits_block ALTER COLUMN seconds SET STORAGE EXTERNAL, ALTER COLUMN margins SET STORAGE EXTERNAL;
ALTER TABLE audits_head ALTER COLUMN edge SET STORAGE EXTERNAL, SET (
    fillfactor = 50,
    toast.autovacuum_vacuum_threshold = 200, toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE audits_posting SET (fillfactor = 80);
"""

# --- Lengths, and references over two columns: what was published or cosigned is a checkpoint there is

CONSTRAINTS = """
ALTER TABLE audits_tile ADD CONSTRAINT tile_holds_256_hashes CHECK (octet_length(hashes) = 8192);
ALTER TABLE audits_checkpoint
    ADD CONSTRAINT checkpoint_root_is_one_hash CHECK (octet_length(root) = 32),
    ADD CONSTRAINT checkpoint_size_is_not_negative CHECK (size >= 0);
ALTER TABLE audits_published
    ADD CONSTRAINT published_size_has_a_checkpoint FOREIGN KEY (log_id, size)
    REFERENCES audits_checkpoint (log_id, size);
ALTER TABLE audits_cosignature
    ADD CONSTRAINT cosignature_is_under_a_checkpoint FOREIGN KEY (log_id, size)
    REFERENCES audits_checkpoint (log_id, size);
ALTER TABLE audits_witnessedlog ADD CONSTRAINT witnessed_root_is_one_hash CHECK (octet_length(root) = 32);
ALTER TABLE audits_block
    ADD CONSTRAINT block_has_a_time_for_each_place CHECK (octet_length(seconds) = 32768),
    ADD CONSTRAINT block_has_a_margin_for_each_place CHECK (octet_length(margins) = 16384);
ALTER TABLE audits_posting ADD CONSTRAINT posting_is_a_list_or_a_bitmap CHECK (octet_length(places) <= 1024);
"""

# --- Triggers

# Cosignatures are only added, like entries. Each partition of the entries gets its own TRUNCATE trigger, because a
# statement trigger on the parent does not see a TRUNCATE of a partition.
APPENDED = (
    "audits_log",
    "audits_entry",
    "audits_tile",
    "audits_checkpoint",
    "audits_loggedevent",
    "audits_cosignature",
)
MOVED = ("audits_head", "audits_published")
ENTRY_PARTITIONS = (*(f"audits_entry_{part:02d}" for part in range(PARTITIONS)), "audits_entry_rest")

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
# What this deployment witnessed never goes back: the row is the witness's memory, and forgetting would let it cosign a
# second history.
REMEMBER = """
CREATE TRIGGER audits_witnessedlog_never_goes_back BEFORE UPDATE ON audits_witnessedlog
    FOR EACH ROW EXECUTE FUNCTION audits_witness_remembers();
CREATE TRIGGER audits_witnessedlog_is_kept BEFORE DELETE ON audits_witnessedlog
    FOR EACH ROW EXECUTE FUNCTION audits_refuse_change();
"""
# A destroyed data key is never put back.
STAY_DESTROYED = """
CREATE TRIGGER data_key_destroyed_stays_destroyed BEFORE UPDATE ON audits_datakey
    FOR EACH ROW WHEN (OLD.wrapped IS NULL) EXECUTE FUNCTION audits_refuse_revival();
"""
# What was finished stays as it was, unless an erasure takes its content away; only that a later report supersedes it
# may be noted.
STAY_FINISHED = """
CREATE TRIGGER report_finished_is_immutable BEFORE UPDATE ON audits_report
    FOR EACH ROW WHEN (
        OLD.state IN ('finished', 'erased')
        AND (OLD.state, OLD.manifest, OLD.file, OLD.pdf_sha256, OLD.manifest_sha256, OLD.finished_at, OLD.number)
        IS DISTINCT FROM
        (NEW.state, NEW.manifest, NEW.file, NEW.pdf_sha256, NEW.manifest_sha256, NEW.finished_at, NEW.number)
        AND NOT (
            OLD.kind = 'explanation' AND NEW.state = 'erased' AND NEW.manifest = '' AND NEW.file IN (OLD.file, '')
            AND (OLD.pdf_sha256, OLD.manifest_sha256, OLD.finished_at, OLD.number)
            IS NOT DISTINCT FROM (NEW.pdf_sha256, NEW.manifest_sha256, NEW.finished_at, NEW.number)
        )
    ) EXECUTE FUNCTION audits_refuse_report_edit();
"""


def triggers() -> str:
    """Every trigger that keeps tables append-only, or moving forward only, or as they were once finished."""
    statements = [REFUSE_ROWS.format(table=table, events="UPDATE OR DELETE") for table in APPENDED]
    statements += [REFUSE_ROWS.format(table=table, events="DELETE") for table in MOVED]
    never_truncated = (*APPENDED, *MOVED, "audits_witnessedlog", *ENTRY_PARTITIONS)
    statements += [REFUSE_TRUNCATE.format(table=table) for table in never_truncated]
    statements += [MOVE_FORWARD.format(table=table) for table in MOVED]
    return "".join([*statements, REMEMBER, STAY_DESTROYED, STAY_FINISHED])


TRIGGERS = triggers()
