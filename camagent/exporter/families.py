"""What all metric families share: their names, labels bounded and printable, and times. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from camagent.model.printable import printable

MAX_LABEL_CHARS = 120  # a device writes its own model and firmware; an honest one needs about 40
CACHED = "Cached: as of camagent_check_timestamp_seconds, not of the scrape."


def gauge(name: str, documentation: str, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    """An empty gauge of ours; `name` without `camagent_`."""
    return GaugeMetricFamily(f"camagent_{name}", documentation, labels=labels)


def single(name: str, documentation: str, value: float | None) -> Iterator[Metric]:
    """A gauge with one series; nothing where the value is not known."""
    if value is not None:
        family = gauge(name, documentation)
        family.add_metric((), value)
        yield family


def label(text: str | None) -> str:
    """A device's own word as a label: printable, bounded, empty where it is not known."""
    return printable((text or "")[:MAX_LABEL_CHARS], "")


def seconds_of(moment: datetime | None) -> float | None:
    """A moment as Prometheus writes it: seconds since 1970."""
    return None if moment is None else moment.timestamp()
