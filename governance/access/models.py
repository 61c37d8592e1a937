"""Keys of systems and tokens of people: stored hashed, shown once."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

# The scopes of a personal token.
READ, WRITE = "read", "write"


class ApiKey(models.Model):
    """Lets one AI system post decisions and fetch its policy."""

    system = models.ForeignKey("governance.AISystem", on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=32))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=models.F("created_at")),
                name="api_key_expires_after_its_creation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"


def read_only() -> list[str]:
    """The scopes of a token for which none were chosen."""
    return [READ]


class PersonalToken(models.Model):
    """Lets a person's tools read with the person's own permissions, in one organisation; with ``write`` also act."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    organisation = models.ForeignKey(
        "governance.Organisation", on_delete=models.CASCADE, related_name="tokens"
    )
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=32), default=read_only)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=models.F("created_at")),
                name="personal_token_expires_after_its_creation",
            ),
            models.CheckConstraint(
                condition=models.Q(scopes__contains=[READ], scopes__contained_by=[READ, WRITE]),
                name="personal_token_reads_and_may_write",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"

    @property
    def writes(self) -> bool:
        """Whether it may do what its person may do, beside reading."""
        return WRITE in self.scopes
