"""The operator's own price classes, read from one file; without a file no money is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from camagent.model.finding import Action
from camagent.model.prices import PriceClass, PriceList
from camagent.model.text import Localised
from camagent.operator_files import read_toml_file
from camagent.operator_files.checked import CheckedTable, checked

# A few dozen classes; more is a wrong file.
MAX_PRICE_BYTES = 200_000
# More than any budget in any currency; keeps infinity out of results.
MAX_AMOUNT = 1e15

Words = Annotated[str, Field(min_length=1)]


def _number(value: object) -> object:
    """No money is meant by `true` or by a text."""
    if isinstance(value, bool | str):
        raise ValueError("number_wanted")
    return value


class PriceClassTable(CheckedTable):
    """One `[[class]]`."""

    id: Words
    action: Literal["reconfigure", "update_firmware", "fix_network", "fix_picture", "replace", "investigate"]
    vi: Words
    en: Words
    amount: Annotated[float, BeforeValidator(_number), Field(ge=0, le=MAX_AMOUNT)] | None = None


def _one_class_each(classes: tuple[PriceClassTable, ...]) -> tuple[PriceClassTable, ...]:
    """A step has one price."""
    if len({entry.action for entry in classes}) < len(classes):
        raise ValueError("price_twice")
    return classes


class PriceFile(CheckedTable):
    """The whole file."""

    currency: Words
    classes: Annotated[tuple[PriceClassTable, ...], AfterValidator(_one_class_each)] = Field(
        default=(), alias="class"
    )


def load_prices(path: Path) -> PriceList:
    """Read and check a price file.

    Raises: OperatorError with every problem at once.
    """
    file = checked(PriceFile, read_toml_file(path, MAX_PRICE_BYTES), path)
    return PriceList(file.currency, tuple(map(_price_class, file.classes)))


def _price_class(table: PriceClassTable) -> PriceClass:
    return PriceClass(table.id, Action(table.action), Localised(table.vi, table.en), table.amount)
