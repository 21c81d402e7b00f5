"""What a rule answers, and how a reading with an uncertainty stands against a bound. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from camagent.model.codec_names import SHOWN_NAMES
from camagent.model.finding import Outcome, Quantity
from camagent.model.text import Message, Scalar, message


@dataclass(frozen=True, slots=True)
class Judgement:
    """One rule's answer; the engine adds the row's id, title, severity, bounds and basis."""

    outcome: Outcome
    message: Message
    observed: Quantity = None
    configured: Quantity = None
    declared: Quantity = None
    measured: Quantity = None
    uncertainty: float | None = None
    remedy: Message | None = None
    manual: bool = False
    """A person has to answer this, or has answered it."""
    required: Quantity = None
    """Where the bound is not simply a parameter of the row but follows from the camera (its task)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A number and how far the truth may lie from it."""

    value: float
    uncertainty: float = 0.0

    @property
    def low(self) -> float:
        """The lowest value that may be true."""
        return self.value - self.uncertainty

    @property
    def high(self) -> float:
        """The highest value that may be true."""
        return self.value + self.uncertainty


def at_least(reading: Reading, minimum: float, recommended: float) -> Outcome:
    """Outcome of "the more the better": what is certain counts, a bound inside the uncertainty is not known.

    FAIL only if even the highest possible value is short; PASS or WARN only if even the lowest one suffices.
    What is no number at all (NaN) is not known.
    """
    if math.isnan(reading.low) or math.isnan(reading.high):
        return Outcome.NOT_ASSESSED
    if reading.high < minimum:
        return Outcome.FAIL
    if reading.low < minimum:
        return Outcome.NOT_ASSESSED
    return Outcome.PASS if reading.low >= recommended else Outcome.WARN


def at_most(reading: Reading, maximum: float, recommended: float) -> Outcome:
    """Outcome of "the less the better", by the same principle as `at_least`."""
    if math.isnan(reading.low) or math.isnan(reading.high):
        return Outcome.NOT_ASSESSED
    if reading.low > maximum:
        return Outcome.FAIL
    if reading.high > maximum:
        return Outcome.NOT_ASSESSED
    return Outcome.PASS if reading.high <= recommended else Outcome.WARN


def phrase(name: str, **args: Scalar) -> Message:
    """A sentence of the catalogue area `findings`."""
    return message(f"findings.{name}", **args)


def unknown(name: str, **args: Scalar) -> Judgement:
    """NOT_ASSESSED with its reason."""
    return Judgement(Outcome.NOT_ASSESSED, phrase(name, **args))


NETWORK_SLOW = "network_slow"


def limited(limits: tuple[str, ...]) -> Judgement:
    """NOT_ASSESSED because of what we, or the line to the camera, could not do while measuring."""
    if NETWORK_SLOW in limits:
        return unknown(NETWORK_SLOW)
    return unknown("limits", limits=", ".join(limits))


def codec_text(*codecs: str) -> str:
    """Codecs as people write them."""
    return ", ".join(SHOWN_NAMES.get(codec, codec) for codec in codecs)


def size_text(size_px: tuple[int, int]) -> str:
    """A picture size as people write it."""
    return f"{size_px[0]}×{size_px[1]}"
