"""Organisations, people and the roles they hold."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.access import roles


class Person(AbstractUser):
    """Somebody who can sign in."""

    display_name = models.CharField(max_length=120, blank=True)

    class Meta(AbstractUser.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.display_name or self.username


class Organisation(models.Model):
    """A tenant: the body that answers for its AI systems. Nothing of one is visible to another."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    log_is_public = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        permissions = roles.PERMISSION_CHOICES
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A role of a person in an organisation."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=roles.ROLE_CHOICES)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation", "role"], name="person_holds_a_role_once_per_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=list(roles.ROLES)), name="membership_role_is_known"
            ),
        ]
        verbose_name = _("membership")

    def __str__(self) -> str:
        return f"{self.person}: {self.role} of {self.organisation}"
