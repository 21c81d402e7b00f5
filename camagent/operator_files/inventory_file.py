"""The inventory file: what cameras the school's own list names, with all its mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from camagent.model.operator_error import MAX_PROBLEMS, OperatorError
from camagent.model.scan_result import Declaration, ManualAnswer
from camagent.model.text import Message, message
from camagent.model.usable_numbers import declared_mac, declared_serial
from camagent.operator_files import read_bounded
from camagent.operator_files.cells import CELLS, Address, CellError, cell_problem, parse_date, parse_yes_no
from camagent.operator_files.tables import TableRow, read_csv, rows_of_toml

MAX_FILE_BYTES = 8 * 1024 * 1024  # 20,000 long rows; more is not an inventory
_ANSWER_KEYS: Mapping[str, Callable[[object], Any]] = {
    "rule": str,
    "met": parse_yes_no,
    "by": str,
    "on": parse_date,
    "expires": parse_date,
    "note": str,
}
_ANSWER_NEEDS = ("rule", "met", "by", "on")


def read_inventory(path: Path) -> tuple[Declaration, ...]:
    """Every camera of a .csv or .toml inventory.

    Raises: OperatorError with every problem at once.
    """
    return parse_inventory(read_bounded(path, MAX_FILE_BYTES), path.name)


def parse_inventory(content: bytes, file: str) -> tuple[Declaration, ...]:
    """The same from bytes; the file's name decides whether it is TOML or CSV.

    Raises: OperatorError with every problem at once.
    """
    table = rows_of_toml(content, file) if file.lower().endswith(".toml") else read_csv(content, file)
    problems = list(table.problems)
    declarations = []
    for row in table.rows:
        declarations.append(_declaration(row, problems))
        if len(problems) > MAX_PROBLEMS:
            raise OperatorError(*problems)
    if not problems and not declarations:
        problems.append(message("discover.inventory.no_cameras", place=file))
    problems += _doubles(table.rows, declarations)
    if problems:
        raise OperatorError(*problems)
    return tuple(declarations)


def _declaration(row: TableRow, problems: list[Message]) -> Declaration:
    cells: dict[str, Any] = {}
    for key, value in row.cells.items():
        try:
            cells[key] = CELLS[key](value)
        except CellError as error:
            problems.append(cell_problem(error, row.place, key, value))
    if not {"address", "serial", "mac"} & set(row.cells):
        problems.append(message("discover.inventory.nothing_to_go_by", place=row.place))
    if ("excluded_until" in row.cells) != ("excluded_because" in row.cells):
        problems.append(message("discover.inventory.half_excluded", place=row.place))
    address: Address | None = cells.pop("address", None)
    if address is not None:
        cells |= {"address": address.host, "port": address.port, "stream_uri": address.stream_uri}
    answers = tuple(a for table in row.answers if (a := _answer(table, row.place, problems)) is not None)
    return Declaration(**cells, answers=answers)


def _answer(table: Mapping[str, object], place: str, problems: list[Message]) -> ManualAnswer | None:
    before = len(problems)
    cells: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _ANSWER_KEYS:
            problems.append(message("discover.inventory.unknown_key", place=place, column=f"answer.{key}"))
            continue
        try:
            cells[key] = _ANSWER_KEYS[key](value)
        except CellError as error:
            problems.append(cell_problem(error, place, f"answer.{key}", value))
    for key in _ANSWER_NEEDS:
        if key not in table:
            problems.append(message("discover.inventory.missing_key", place=place, column=f"answer.{key}"))
    if len(problems) > before:
        return None
    return ManualAnswer(
        cells["rule"], cells["met"], cells["by"], cells["on"], cells.get("expires"), cells.get("note")
    )


def _doubles(rows: Sequence[TableRow], declarations: Sequence[Declaration]) -> list[Message]:
    """Two lines for one camera: the same serial or MAC number, or the same address and channel."""
    first: dict[str, str] = {}
    problems = []
    for row, declared in zip(rows, declarations, strict=True):
        place = f"{declared.address} {declared.channel or ''}".strip() if declared.address else None
        if declared.stream_uri:
            place = declared.stream_uri
        signs = {"serial": declared_serial(declared), "mac": declared_mac(declared), "address": (place,)}
        for key, values in signs.items():
            for value in values:
                if value is None:
                    continue
                other = first.setdefault(f"{key} {value}", row.place)
                if other != row.place:
                    problems.append(
                        message(
                            "discover.inventory.twice", place=row.place, column=key, value=value, other=other
                        )
                    )
    return problems
