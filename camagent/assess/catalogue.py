"""Every rule there is: an explicit literal list of modules, no registration by import."""

from __future__ import annotations

from collections.abc import Mapping

from camagent.assess.rule import Rule
from camagent.assess.rules import (
    connection,
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
    connection,
    operation,
    time,
    recording,
    security,
    transport_security,
    site,
    manual,
)

CATALOGUE: Mapping[str, Rule] = {rule.name: rule for module in MODULES for rule in module.RULES}
"""Name -> rule; a test proves that no name stands twice."""
