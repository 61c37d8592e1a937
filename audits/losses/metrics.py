"""What the operator's monitoring reads of lost records."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from audits.losses import selectors


def metrics() -> Iterator[GaugeMetricFamily]:
    """Records lost, by system, as the models report themselves. A system that reported none is left out."""
    lost = GaugeMetricFamily(
        "edgewise_records_lost",
        "Decision records that never reached the log, as the model reports itself",
        labels=["organisation", "system"],
    )
    for (organisation, system), total in selectors.totals().items():
        lost.add_metric([organisation, system], total)
    yield lost
