"""Whom erasures and holds are about, and in what order they are decided."""

from django.utils.translation import gettext as _

from audits.ledger import sealing
from audits.ledger.models import DataKey
from governance.errors import DomainError
from governance.organisations.models import Organisation


class SubjectMissing(DomainError):
    code = "subject_missing"


class SubjectUnknown(DomainError):
    """Nothing is kept under this reference."""

    code = "subject_unknown"
    status = 404


class AlreadyErased(DomainError):
    code = "already_erased"
    status = 409


def standing_key(*, organisation: Organisation, reference: str) -> DataKey:
    """The data key of the subject ``reference``.

    Raises SubjectMissing, SubjectUnknown if there is none, and AlreadyErased if it is destroyed.
    """
    if not reference.strip():
        raise SubjectMissing(_("Name the subject as the model does, in `subject.ref`."), field="reference")
    found = sealing.find(organisation=organisation, reference=sealing.of_subject(reference))
    if found is None:
        raise SubjectUnknown(
            _("Nothing is kept under this reference. Write it exactly as the model does, in `subject.ref`."),
            field="reference",
        )
    if found.wrapped is None:
        raise AlreadyErased(_("This subject's data are erased already."), field="reference")
    return found


def take_turn(organisation: Organisation) -> None:
    """Holds and erasures of an organisation are decided one after the other."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
