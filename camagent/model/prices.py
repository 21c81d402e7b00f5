"""Price classes: what one kind of step costs, by the operator's own figures. No figure of its own."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.model.finding import Action
from camagent.model.text import Localised


@dataclass(frozen=True, slots=True)
class PriceClass:
    """What one kind of step costs, as the operator wrote it."""

    id: str
    action: Action
    title: Localised
    amount: float | None
    """None: a class without a figure."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """All classes of one file."""

    currency: str
    classes: tuple[PriceClass, ...]

    def of(self, action: Action) -> PriceClass | None:
        """The class for this kind of step, if the operator made one."""
        return next((entry for entry in self.classes if entry.action is action), None)
