"""The allow and deny list of firmware versions: a CSV that the operator keeps. Reads one file, judges
nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from camagent.model.operator_error import MAX_PROBLEMS, OperatorError
from camagent.model.text import Message, message
from camagent.operator_files import read_text

COLUMNS = ("manufacturer", "model", "firmware", "verdict")
MAX_BYTES = 1_000_000  # some 20,000 rows; every make and model in the city is far fewer

FirmwareRow = tuple[str, str, str, str]


def load_firmware_list(path: Path) -> tuple[FirmwareRow, ...]:
    """Rows of (manufacturer, model, firmware pattern, "allow" or "deny"); the first that fits a camera
    decides.

    Patterns may hold `*`. Commas or semicolons, with or without the header line; "#" begins a comment.
    Raises: OperatorError with every wrong line at once.
    """
    return _rows(read_text(path, MAX_BYTES), path)


def _rows(text: str, path: Path) -> tuple[FirmwareRow, ...]:
    delimiter = ";" if text.count(";") > text.count(",") else ","
    lines = csv.reader(io.StringIO("\n".join(text.splitlines())), delimiter=delimiter)
    rows: list[FirmwareRow] = []
    problems: list[Message] = []
    try:
        for number, cells in enumerate(lines, 1):
            row = _row(cells, path, number)
            if isinstance(row, Message):
                problems.append(row)
            elif row is not None:
                rows.append(row)
            if len(problems) > MAX_PROBLEMS:
                break
    except csv.Error:  # a cell beyond what the csv module takes
        problems.append(message("config.bad_line", path=str(path), line=lines.line_num))
    if problems:
        raise OperatorError(*problems)
    return tuple(rows)


def _row(cells: list[str], path: Path, number: int) -> FirmwareRow | Message | None:
    """The row, what is wrong with it, or None for a comment, an empty line or the header."""
    row = tuple(cell.strip() for cell in cells)
    if not any(row) or row[0].startswith("#") or tuple(cell.lower() for cell in row) == COLUMNS:
        return None
    if len(row) != len(COLUMNS):
        wanted = ", ".join(COLUMNS)
        return message("config.wrong_cells", path=str(path), line=number, wanted=wanted, count=len(row))
    if row[3].lower() not in ("allow", "deny"):
        return message("config.wrong_word", path=str(path), line=number, given=row[3][:40])
    return row[0], row[1], row[2], row[3].lower()
