"""What a rule is: a pure function whose positional arguments are the facts it needs and whose keyword
arguments are the row's parameters. Reads signatures; knows no rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from camagent.assess.judgement import Judgement
from camagent.model.fault import Fault


class About(Enum):
    """What a rule's finding speaks of."""

    MAIN_STREAM = "main_stream"
    CAMERA = "camera"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule function and what the engine has to know of it."""

    judge: Callable[..., Judgement]
    about: About
    required: str | None = None
    """The parameter that is the bound, printed as "required"."""
    recommended: str | None = None
    """The parameter that is the better value."""
    yes_or_no: bool = False
    """There is no bound but "yes"."""
    in_unit: str | None = None
    """The unit of what is observed, where no bound's name tells it."""
    needs_network: bool = True
    """False: it can also be answered for a media file."""
    believes_rates: bool = False
    """It judges rates or counts over time, which are not believed while we ourselves were the bottleneck."""
    by_hand: bool = False
    """Only a person can answer it."""

    @property
    def name(self) -> str:
        """What profiles call it."""
        return self.judge.__name__


@dataclass(frozen=True, slots=True)
class Parameter:
    """One keyword argument of a rule."""

    name: str
    kind: Any
    """float, int, bool, str, tuple[…] or Mapping[str, …]."""
    required: bool

    @property
    def unit(self) -> Unit | None:
        """The unit that its name ends with; None where it has none."""
        return next((UNITS[suffix] for suffix in UNITS if self.name.endswith(f"_{suffix}")), None)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as people write it, and the values that make sense in it."""

    symbol: str
    low: float
    high: float


UNITS: Mapping[str, Unit] = {
    # longest suffix first: the first one that fits is taken
    "px_per_m": Unit("px/m", 1.0, 5_000.0),
    "packets": Unit("packets", 1, 1_000_000),
    "probes": Unit("probes", 1, 1_000_000),
    "pictures": Unit("pictures", 1, 100),
    "streams": Unit("streams", 1, 16),
    "ratio": Unit("ratio", 0.0, 1.0),
    "factor": Unit("×", 1.0, 10.0),
    "days": Unit("day", 0.0, 3_650.0),
    "bits": Unit("bit", 64, 16_384),
    "bps": Unit("bit/s", 1_000.0, 1e9),
    "hz": Unit("Hz", 0.1, 240.0),
    "px": Unit("px", 16, 16_384),
    "s": Unit("s", -50_400.0, 3.2e7),  # time zones reach 14 hours to the west; a clock may be a year off
}
"""Suffix of a parameter's name -> its unit. The ranges catch a value in another unit (25000 Hz, 8 bit/s)."""


@cache
def parameters(rule: Rule) -> tuple[Parameter, ...]:
    """The rule's keyword-only arguments, in their order."""
    hints = get_type_hints(rule.judge)
    return tuple(
        Parameter(name, hints[name], argument.default is inspect.Parameter.empty)
        for name, argument in inspect.signature(rule.judge).parameters.items()
        if argument.kind is inspect.Parameter.KEYWORD_ONLY
    )


@dataclass(frozen=True, slots=True)
class Need:
    """One positional argument of a rule: a section of the facts."""

    section: str
    takes_fault: bool
    """The rule reads the Fault itself."""
    takes_none: bool
    """The rule can go on without the section."""


@cache
def needs(rule: Rule) -> tuple[Need, ...]:
    """The facts that the rule reads, by the names of its positional arguments."""
    hints = get_type_hints(rule.judge)
    facts = []
    for name, argument in inspect.signature(rule.judge).parameters.items():
        if argument.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            choices = (
                get_args(hints[name]) if get_origin(hints[name]) in (Union, UnionType) else (hints[name],)
            )
            facts.append(Need(name, Fault in choices, type(None) in choices))
    return tuple(facts)


def unit_of(rule: Rule) -> str | None:
    """The unit of what the rule observes, for the finding."""
    if rule.in_unit is not None:
        return rule.in_unit
    bound = next((p for p in parameters(rule) if p.name == rule.required), None)
    return bound.unit.symbol if bound is not None and bound.unit is not None else None
