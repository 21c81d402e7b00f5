"""What cameras should be there: the inventory file, read with all its mistakes at once, and joined with what
was found.

Reads the one file that the operator names. A serial or MAC that is a placeholder is no sign of anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from camagent.inventory.cells import CELLS, Address, CellError, cell_problem, parse_date, parse_yes_no
from camagent.inventory.tables import TableRow, read_csv, read_toml
from camagent.inventory.usable_numbers import usable_mac, usable_serial
from camagent.model.discovery import Change, InventoryRow, SeenCamera
from camagent.model.operator_error import MAX_PROBLEMS, OperatorError
from camagent.model.pairs import pairs_of
from camagent.model.scan import Declaration, ManualAnswer
from camagent.model.text import Message, message
from camagent.operator_files import read_bounded

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
    table = read_toml(content, file) if file.lower().endswith(".toml") else read_csv(content, file)
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


def join(declarations: Sequence[Declaration], seen: Sequence[SeenCamera]) -> tuple[InventoryRow, ...]:
    """Every declared and every seen camera once: who is there, missing, new, moved or replaced.

    A serial number settles it, then a MAC address, then the place; signs that stand twice settle nothing.
    """
    rows: dict[int, InventoryRow] = {}
    free = dict(enumerate(seen))
    for kind, declared_signs, seen_signs in _PASSES:
        waiting = ((number, declared) for number, declared in enumerate(declarations) if number not in rows)
        theirs = _unique({number: declared_signs(declared) for number, declared in waiting})
        ours = _unique({number: seen_signs(camera) for number, camera in free.items()})
        for sign, number in theirs.items():
            camera = free.pop(ours.get(sign, -1), None) if number not in rows else None
            if camera is not None:
                rows[number] = InventoryRow(
                    _change(declarations[number], camera), declarations[number], camera, kind
                )
    for number, declared in enumerate(declarations):
        if number not in rows:
            rows[number] = _whole_recorder(declared, free) or InventoryRow(Change.MISSING, declared, None)
    new = [InventoryRow(Change.NEW, None, camera) for camera in free.values()]
    return (*(row for _, row in sorted(rows.items())), *new)


def _whole_recorder(declared: Declaration, free: dict[int, SeenCamera]) -> InventoryRow | None:
    """A line without a channel stands for the first channel of the recorder at its address; the others are
    new."""
    for number, camera in free.items():
        if declared.address and not declared.channel and _host(camera.address) == declared.address.lower():
            del free[number]
            return InventoryRow(_change(declared, camera), declared, camera, "address")
    return None


def _change(declared: Declaration, camera: SeenCamera) -> Change:
    serial, seen_serials = _declared_serial(declared), _seen_serials(camera)
    mac, seen_macs = _declared_mac(declared), _seen_macs(camera)
    same = bool(set(serial) & set(seen_serials) or set(mac) & set(seen_macs))
    other = (serial and seen_serials and serial != seen_serials) or (
        mac and seen_macs and mac[0] not in seen_macs
    )
    if other and not same:
        return Change.REPLACED
    if declared.address is not None and declared.address.lower() != _host(camera.address):
        return Change.MOVED
    return Change.PRESENT


def _declared_serial(declared: Declaration) -> tuple[str, ...]:
    serial = usable_serial(declared.serial, declared.address)
    return (serial,) if serial and not declared.channel else ()


def _declared_mac(declared: Declaration) -> tuple[str, ...]:
    mac = usable_mac(declared.mac)
    return (mac,) if mac and not declared.channel else ()


def _declared_places(declared: Declaration) -> tuple[str, ...]:
    return () if declared.address is None else (f"{declared.address.lower()} {declared.channel or ''}",)


def _seen_serials(camera: SeenCamera) -> tuple[str, ...]:
    serial = usable_serial(camera.serial, _host(camera.address))
    return (serial,) if serial and not camera.channel else ()


def _seen_macs(camera: SeenCamera) -> tuple[str, ...]:
    return () if camera.channel else tuple(mac for text in camera.macs if (mac := usable_mac(text)))


def _seen_places(camera: SeenCamera) -> tuple[str, ...]:
    return (f"{_host(camera.address)} {camera.channel or ''}",)


_PASSES = (
    ("serial", _declared_serial, _seen_serials),
    ("mac", _declared_mac, _seen_macs),
    ("address", _declared_places, _seen_places),
)


def _host(address: str) -> str:
    try:
        parsed = CELLS["address"](address)
    except CellError:
        return address.lower()
    return str(parsed.host).lower()


def _unique(signs: Mapping[int, Iterable[str]]) -> dict[str, int]:
    listed = list(dict.fromkeys(pairs_of(signs)))
    count = Counter(sign for _, sign in listed)
    return {sign: number for number, sign in listed if count[sign] == 1}


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
        signs = {"serial": _declared_serial(declared), "mac": _declared_mac(declared), "address": (place,)}
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
