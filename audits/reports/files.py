"""The files of a report: one when it is finished, none that its row does not name."""

from audits.reports.models import Report


def place(report: Report) -> str:
    """The folder of a report's files."""
    return f"reports/{report.pk}"


def clear(report: Report) -> None:
    """Removes every file of the report, also what was written before a commit that failed. Safe to repeat."""
    storage = report.file.storage
    try:
        _folders, names = storage.listdir(place(report))
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{place(report)}/{name}")
