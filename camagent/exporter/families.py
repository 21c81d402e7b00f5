"""What all metric families share: their names, labels bounded and printable, and times. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from camagent.model.printable import printable

MAX_LABEL_CHARS = 120  # a device writes its own model and firmware; an honest one needs about 40
CACHED = "Cached: as of camagent_check_timestamp_seconds, not of the scrape."


@dataclass(frozen=True, slots=True)
class Family:
    """One metric and its series, with the words of the OpenMetrics 1.0.0 specification."""

    name: str
    """Without the `_total` of a counter and the `_info` of an info."""
    kind: Literal["gauge", "counter", "info"]
    documentation: str
    labels: tuple[str, ...] = ()
    series: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    """The values of the labels, and the number."""

    def add(self, values: tuple[str, ...], number: float = 1) -> None:
        """One more series; the number of an info is always 1."""
        self.series.append((values, number))


def gauge(name: str, documentation: str, labels: tuple[str, ...] = ()) -> Family:
    """An empty gauge of ours; `name` without `camagent_`."""
    return Family(f"camagent_{name}", "gauge", documentation, labels)


def info(name: str, documentation: str, labels: tuple[str, ...]) -> Family:
    """Words instead of a number, empty yet; `name` without `camagent_` and `_info`."""
    return Family(f"camagent_{name}", "info", documentation, labels)


def counter(name: str, documentation: str, labels: tuple[str, ...] = ()) -> Family:
    """An empty counter of ours; `name` without `camagent_` and `_total`."""
    return Family(f"camagent_{name}", "counter", documentation, labels)


def single(name: str, documentation: str, value: float | None) -> Iterator[Family]:
    """A gauge with one series; nothing where the value is not known."""
    if value is not None:
        family = gauge(name, documentation)
        family.add((), value)
        yield family


def label(text: str | None) -> str:
    """A device's own word as a label: printable, bounded, empty where it is not known."""
    return printable((text or "")[:MAX_LABEL_CHARS], "")


def seconds_of(moment: datetime | None) -> float | None:
    """A moment as Prometheus writes it: seconds since 1970."""
    return None if moment is None else moment.timestamp()
