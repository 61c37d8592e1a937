"""Transparency logs: one per AI system, and one per organisation for its governance.

Rows here are only added, never changed: triggers refuse UPDATE, DELETE and TRUNCATE, and the application's role is
granted no such right. Three tables move forward instead: `Head` (the log's right edge), `Published` (which checkpoint
is the latest) and `Served` (which one readers have seen). A leaf hash is stored once: in a full tile of level 0, or in
the head's edge.
"""

from django.db import models

HASH_BYTES = 32
TILE_BYTES = 8_192
MAX_ENTRY_BYTES = 65_535


class Log(models.Model):
    """A C2SP tlog-tiles log. Without a system it is the organisation's own log."""

    organisation = models.ForeignKey("governance.Organisation", on_delete=models.PROTECT, related_name="logs")
    system = models.OneToOneField(
        "governance.AISystem", on_delete=models.PROTECT, null=True, related_name="log"
    )
    origin = models.CharField(max_length=255, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(system__isnull=True),
                name="organisation_has_one_log_of_its_own",
            )
        ]

    def __str__(self) -> str:
        return self.origin

    @property
    def slug(self) -> str:
        """The last part of the log's address."""
        return self.system.slug if self.system else "_org"


class Head(models.Model):
    """Where a log ends: its size, and the hashes of its partial tiles as `merkle.Frontier.to_bytes` gives them."""

    log = models.OneToOneField(Log, on_delete=models.PROTECT, primary_key=True, related_name="head")
    size = models.BigIntegerField()
    edge = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="head_size_is_not_negative")
        ]


class Entry(models.Model):
    """One entry: the bytes that were hashed. Partitioned by range of index."""

    pk = models.CompositePrimaryKey("log_id", "index")
    log = models.ForeignKey(
        Log, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    index = models.BigIntegerField()
    entry = models.BinaryField()


class Tile(models.Model):
    """A full hash tile: 256 hashes of tile level `level`, the `n`-th of that level."""

    pk = models.CompositePrimaryKey("log_id", "level", "n")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False, related_name="+")
    level = models.PositiveSmallIntegerField()
    n = models.BigIntegerField()
    hashes = models.BinaryField()


class Checkpoint(models.Model):
    """A signed statement of a log's size and root: the exact bytes served (ML-DSA signatures are randomised)."""

    pk = models.CompositePrimaryKey("log_id", "size")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False, related_name="+")
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField()


class Published(models.Model):
    """The size of a log's latest checkpoint: the one row on which signers take turns."""

    log = models.OneToOneField(Log, on_delete=models.PROTECT, primary_key=True, related_name="published")
    size = models.BigIntegerField(null=True)


class Served(models.Model):
    """The largest size of a log that was served as its checkpoint, noted where a quorum is asked for: no process, and
    no clock, serves an earlier one again.
    """

    log = models.OneToOneField(Log, on_delete=models.PROTECT, primary_key=True, related_name="served")
    size = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="served_size_is_not_negative")
        ]


class Cosignature(models.Model):
    """A witness's line under a checkpoint, as it came; `key` is the witness's name and key ID, `name+id`."""

    pk = models.CompositePrimaryKey("log_id", "size", "key")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False, related_name="+")
    size = models.BigIntegerField()
    key = models.CharField(max_length=300)
    line = models.TextField()
    cosigned_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["log", "key", "-size"], name="cosignature_by_witness")]


class Contact(models.Model):
    """How the last exchange with a witness about a log ended: `problem` is empty when it confirmed."""

    pk = models.CompositePrimaryKey("log_id", "witness")
    log = models.ForeignKey(Log, on_delete=models.CASCADE, db_index=False, related_name="+")
    witness = models.CharField(max_length=500)
    problem = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()


class LoggedEvent(models.Model):
    """Where an event of the audit trail stands in its log, for searching; the entry holds what it says."""

    pk = models.CompositePrimaryKey("log_id", "index")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False, related_name="events")
    index = models.BigIntegerField()
    type = models.CharField(max_length=80)
    subject = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["log", "type", "-index"], name="event_by_type"),
            models.Index(fields=["log", "subject", "-index"], name="event_by_subject"),
        ]


class DataKey(models.Model):
    """The key under which one subject's personal data lie, wrapped by the deployment's key until destroyed."""

    organisation = models.ForeignKey("governance.Organisation", on_delete=models.PROTECT, related_name="+")
    pseudonym = models.BinaryField()
    wrapped = models.BinaryField(null=True)
    # Fingerprint of the deployment key that wraps it; empty on keys made before that was noted.
    under = models.CharField(max_length=16, blank=True, default="")
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "pseudonym"], name="subject_has_one_data_key_per_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | models.Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="data_key_is_held_until_destroyed",
            ),
        ]


class LastingKey(models.Model):
    """A key derived from the deployment's first key and kept, wrapped by the newest, since that one was rotated.

    Pseudonyms and fingerprints are computed with such keys: they have to be found again after any rotation.
    """

    purpose = models.CharField(max_length=40, primary_key=True)
    wrapped = models.BinaryField()
    under = models.CharField(max_length=16)

    def __str__(self) -> str:
        return self.purpose


class SealedFacts(models.Model):
    """Values and salts behind the commitments of an event's entry, encrypted under a data key."""

    pk = models.CompositePrimaryKey("log_id", "index")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False, related_name="+")
    index = models.BigIntegerField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, related_name="+")
    blob = models.BinaryField()
