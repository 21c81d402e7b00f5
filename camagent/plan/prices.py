"""The operator's own price classes. Reads one file; no figure of its own: without a file no money is
shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camagent.model.finding import Action
from camagent.model.operator_error import OperatorError, located
from camagent.model.text import Filling, Localised, Message, message
from camagent.operator_files import read_toml

MAX_PRICE_BYTES = 200_000  # a few dozen classes; more is a wrong file
MAX_CLASSES = 200
MAX_AMOUNT = 1e15  # more than any budget in any currency; keeps infinity out of results
PRICED = tuple(action.value for action in Action if action is not Action.NONE)


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


def load_prices(path: Path) -> PriceList:
    """Read and check a price file.

    Raises: OperatorError with every problem at once.
    """
    return _parse(read_toml(path, MAX_PRICE_BYTES), path.name)


def _parse(table: dict[str, Any], file: str) -> PriceList:
    problems: list[Message] = []
    for key in sorted(table.keys() - {"currency", "class"}):
        problems.append(located(f"{file}: {key}", _problem("unknown_key", expected="currency, class")))
    currency = table.get("currency")
    if not isinstance(currency, str) or not currency:
        problems.append(
            located(f"{file}: currency", _problem("missing", expected=message("profile.expected.text")))
        )
    rows = table.get("class", [])
    if not isinstance(rows, list) or len(rows) > MAX_CLASSES:
        raise OperatorError(*problems, located(f"{file}: class", _problem("missing", expected="[[class]]")))
    classes: list[PriceClass] = []
    for number, row in enumerate(rows, start=1):
        entry = _class(row, f"{file}: class #{number}", problems)
        if entry is not None and entry.action in {known.action for known in classes}:
            problems.append(
                located(f"{file}: class #{number}: action", _problem("twice", action=entry.action.value))
            )
        elif entry is not None:
            classes.append(entry)
    if problems:
        raise OperatorError(*problems)
    return PriceList(str(currency), tuple(classes))


def _class(row: Any, place: str, problems: list[Message]) -> PriceClass | None:
    if not isinstance(row, dict):
        problems.append(located(place, _problem("missing", expected="[[class]]")))
        return None
    before = len(problems)
    for key in sorted(row.keys() - {"id", "action", "vi", "en", "amount"}):
        problems.append(
            located(f"{place}: {key}", _problem("unknown_key", expected="id, action, vi, en, amount"))
        )
    for key in ("id", "vi", "en"):
        if not isinstance(row.get(key), str) or not row[key]:
            problems.append(
                located(f"{place}: {key}", _problem("missing", expected=message("profile.expected.text")))
            )
    if row.get("action") not in PRICED:
        problems.append(located(f"{place}: action", _problem("choice", expected=", ".join(PRICED))))
    amount = row.get("amount")
    number = isinstance(amount, int | float) and not isinstance(amount, bool) and 0 <= amount <= MAX_AMOUNT
    if amount is not None and not number:
        problems.append(located(f"{place}: amount", _problem("missing", expected="≥ 0")))
    if len(problems) > before:
        return None
    figure = None if amount is None else float(amount)
    return PriceClass(row["id"], Action(row["action"]), Localised(row["vi"], row["en"]), figure)


def _problem(name: str, **args: Filling) -> Message:
    return message(f"plan.price_{name}", **args)
