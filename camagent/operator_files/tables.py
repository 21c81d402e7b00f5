"""Inventory files as rows of named cells: CSV as Excel saves it, TOML as people write it. Pure: bytes in,
rows out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from camagent.model.operator_error import MAX_PROBLEMS
from camagent.model.pairs import pairs_of
from camagent.model.printable import normal_form
from camagent.model.text import Message, message
from camagent.operator_files import parse_toml
from camagent.operator_files.cells import CELLS

MAX_ROWS = 20_000  # cameras in one inventory; all schools of a district are fewer
MAX_MARKS = 20 * MAX_ROWS  # two brackets and an equals sign for each of eleven cells, and some answers

_HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "ten", "tencamera", "tencam", "camera"),
    "place": ("place", "location", "vitri", "vitrilapdat", "noilapdat", "khuvuc"),
    "address": ("address", "ip", "ipaddress", "host", "diachi", "diachiip", "diachicamera"),
    "serial": ("serial", "serialnumber", "sn", "soseri", "soserial", "seri", "sosery"),
    "mac": ("mac", "macaddress", "diachimac"),
    "model": ("model", "mamay", "kieumay", "dongmay", "loaicamera", "chungloai"),
    "task": ("task", "nhiemvu", "mucdich", "mucdichsudung"),
    "scene_width_m": (
        "scenewidthm",
        "berongcanhm",
        "chieurongcanhm",
        "berongkhunghinhm",
        "chieurongkhunghinhm",
    ),
    "shared": ("shared", "chiase", "chiasevetrungtam", "ketnoitrungtam", "ketnoivetrungtam"),
    "outdoor": ("outdoor", "ngoaitroi"),
    "channel": ("channel", "kenh", "kenhdaughi"),
    "excluded_until": ("excludeduntil", "tamngungden", "khongtinhden", "tamkhongtinhdenhet"),
    "excluded_because": ("excludedbecause", "lydotamngung", "lydokhongtinh"),
}
_REMARKS = frozenset(
    (
        "stt",
        "tt",
        "no",
        "so",
        "ghichu",
        "note",
        "notes",
        "remark",
        "remarks",
        "manufacturer",
        "hang",
        "hangsanxuat",
    )
    + ("nhasanxuat", "namlapdat", "ngaylapdat", "tinhtrang", "donvi", "truong")
)
"""Columns that such lists usually have and that we do not use."""
_COLUMN_OF = {text: key for key, text in pairs_of(_HEADERS)}


@dataclass(frozen=True, slots=True)
class TableRow:
    """One camera of the file, cells not yet understood."""

    place: str
    """File and line, or file and table: where to look."""
    cells: Mapping[str, object]
    answers: tuple[Mapping[str, object], ...] = ()


@dataclass(slots=True)
class Rows:
    """All rows that could be made out, and what is wrong with the file."""

    rows: list[TableRow] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)


def read_csv(content: bytes, file: str) -> Rows:
    """Comma, semicolon or tab; UTF-8 with or without BOM, or Excel's UTF-16; Vietnamese or English
    headers."""
    result = Rows()
    text = _decode(content)
    if text is None:
        result.problems.append(message("discover.inventory.not_utf8", place=file))
        return result
    lines = text.splitlines()
    first = 1 if lines and lines[0].strip().lower().startswith("sep=") else 0
    header_text = lines[first] if len(lines) > first else ""
    delimiter = max(";,\t", key=lambda mark: len(_known(header_text.split(mark))))
    reader = csv.reader(io.StringIO("\n".join(lines[first:])), delimiter=delimiter)
    try:
        columns = _columns(next(reader, []), f"{file}:{first + 1}", result)
    except csv.Error:  # a cell beyond what the csv module takes
        result.problems.append(message("discover.inventory.bad_line", place=f"{file}:{first + 1}"))
        return result
    if not result.problems:
        _fill(reader, columns, (file, first), result)
    return result


def rows_of_toml(content: bytes, file: str) -> Rows:
    """`[[camera]]` tables with the same keys, and `[[camera.answer]]` for what only a person can tell.

    Raises: OperatorError where it is no TOML.
    """
    result = Rows()
    document = parse_toml(content, file, MAX_MARKS)
    cameras = document.pop("camera", [])
    for key in document:
        result.problems.append(message("discover.inventory.unknown_key", place=file, column=key))
    if not isinstance(cameras, list) or not all(isinstance(camera, dict) for camera in cameras):
        result.problems.append(message("discover.inventory.no_cameras", place=file))
        return result
    for number, camera in enumerate(cameras[:MAX_ROWS], 1):
        _add_table(camera, f"{file} [[camera]] {number}", result)
    if len(cameras) > MAX_ROWS:
        result.problems.append(message("discover.inventory.too_many", place=file, most=MAX_ROWS))
    return result


def _fill(
    reader: Iterator[list[str]], columns: Mapping[int, str], origin: tuple[str, int], result: Rows
) -> None:
    file, skipped = origin
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            line = skipped + getattr(reader, "line_num", 0)
            result.problems.append(message("discover.inventory.bad_line", place=f"{file}:{line}"))
            return
        if cells is None:
            return
        if len(result.rows) >= MAX_ROWS:
            result.problems.append(message("discover.inventory.too_many", place=file, most=MAX_ROWS))
            return
        named = {columns[i]: cell.strip() for i, cell in enumerate(cells) if i in columns and cell.strip()}
        if named:  # Excel saves empty lines below the table
            result.rows.append(TableRow(f"{file}:{skipped + getattr(reader, 'line_num', 0)}", named))


def _columns(header: list[str], place: str, result: Rows) -> dict[int, str]:
    columns: dict[int, str] = {}
    for index, text in enumerate(header):
        if len(result.problems) > MAX_PROBLEMS:
            break
        key = _COLUMN_OF.get(fold(text))
        if key is None:
            if text.strip() and fold(text) not in _REMARKS:
                result.problems.append(
                    message("discover.inventory.unknown_column", place=place, column=text.strip()[:60])
                )
        elif key in columns.values():
            result.problems.append(
                message("discover.inventory.column_twice", place=place, column=text.strip())
            )
        else:
            columns[index] = key
    if not {"address", "serial", "mac"} & set(columns.values()):
        result.problems.append(message("discover.inventory.no_columns", place=place))
    return columns


def _add_table(camera: dict[str, Any], place: str, result: Rows) -> None:
    answers = camera.pop("answer", [])
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        result.problems.append(message("discover.inventory.unknown_key", place=place, column="answer"))
        answers = []
    for key, value in camera.items():
        if key not in CELLS:
            result.problems.append(message("discover.inventory.unknown_key", place=place, column=key))
        elif isinstance(value, (dict, list)):
            result.problems.append(message("discover.inventory.not_a_cell", place=place, column=key))
    result.rows.append(
        TableRow(place, {key: value for key, value in camera.items() if key in CELLS}, tuple(answers))
    )


def fold(text: str) -> str:
    """A header without case, diacritics, blanks and marks: "Địa chỉ IP" and "dia_chi_ip" are one."""
    plain = normal_form("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return re.sub(r"[^a-z0-9]", "", "".join(c for c in plain if not unicodedata.combining(c)).lower())


def _known(cells: list[str]) -> list[str]:
    return [cell for cell in cells if fold(cell) in _COLUMN_OF or fold(cell) in _REMARKS]


def _decode(content: bytes) -> str | None:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None  # an old Windows code page: guessing would spoil the Vietnamese names
    return None if "\x00" in text else normal_form("NFC", text)
