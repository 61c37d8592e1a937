"""Questions an operator's monitoring asks."""

from collections.abc import Callable, Iterator

from celery import current_app
from django.conf import settings
from django.db import Error, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.utils.module_loading import import_string
from prometheus_client.core import GaugeMetricFamily, Metric

from governance.access import keyring, outages
from governance.jobs.models import Job


def readiness() -> dict[str, str]:
    """Either ``ok`` or what is wrong, for each thing a request needs."""
    checks = {
        "database": _database,
        "storage": _storage,
        "migrations": _migrations,
        "keys": _keys,
        "broker": _broker,
    }
    return {name: _outcome(check) for name, check in checks.items()}


def _outcome(check: Callable[[], str]) -> str:
    try:
        return check()
    except Error as error:
        outage = outages.of(error)
        return outage.code if outage else type(error).__name__
    except Exception as error:  # noqa: BLE001  (whatever is wrong is the answer)
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _storage() -> str:
    """Some pages are written and thrown away: a full disk still reads."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT generate_series(1, 9999)")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connections["default"])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} to apply" if missing else "ok"


def _keys() -> str:
    for name in keyring.NAMES:
        keyring.key(name, home=settings.EDGEWISE_HOME)
    return "ok"


def _broker() -> str:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "ok"


class JobsCollector:
    """Jobs by state, for Prometheus: a queue that grows is the first sign of a worker that is gone."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge with a sample per state, zeros included."""
        gauge = GaugeMetricFamily("edgewise_jobs", "Background jobs by state", labels=["state"])
        counted = dict(Job.objects.values_list("state").annotate(n=Count("pk")).order_by())
        for state in Job.State.values:
            gauge.add_metric([state], counted.get(state, 0))
        yield gauge


class PortsCollector:
    """What the floors above have to tell: each port of `settings.GOVERNANCE_METRICS` gives metrics."""

    def collect(self) -> Iterator[Metric]:
        """All of them, in the order of the setting."""
        for path in settings.GOVERNANCE_METRICS:
            yield from import_string(path)()
