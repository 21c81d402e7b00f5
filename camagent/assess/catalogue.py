"""Every rule there is: an explicit literal list of modules, no registration by import."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from camagent.assess.rule import Rule
from camagent.assess.rules import (
    connectivity,
    density,
    image,
    manual,
    operation,
    rate,
    recording,
    security,
    site,
    time,
    transport_security,
)

MODULES = (
    image,
    rate,
    density,
    connectivity,
    operation,
    time,
    recording,
    security,
    transport_security,
    site,
    manual,
)

CATALOGUE: Mapping[str, Rule] = {
    rule.name: rule for rule in chain.from_iterable(module.RULES for module in MODULES)
}
"""Name -> rule; a test proves that no name stands twice."""
