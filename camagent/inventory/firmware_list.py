"""The allow and deny list of firmware versions: a CSV that the operator keeps. Reads one file, judges nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from camagent.config import unreadable
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message

COLUMNS = ("manufacturer", "model", "firmware", "verdict")
MAX_BYTES = 1_000_000  # some 20,000 rows; every make and model in the city is far fewer

FirmwareRow = tuple[str, str, str, str]


def load_firmware_list(path: Path) -> tuple[FirmwareRow, ...]:
    """Rows of (manufacturer, model, firmware pattern, "allow" or "deny"); the first that fits a camera decides.

    Patterns may hold `*`. Commas or semicolons, with or without the header line; "#" begins a comment.
    Raises: OperatorError with every wrong line at once.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise OperatorError(unreadable(path, error)) from error
    if len(raw) > MAX_BYTES:
        raise OperatorError(message("config.too_large", path=str(path), limit=MAX_BYTES))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OperatorError(message("config.not_text", path=str(path))) from None
    return _rows(text, path)


def _rows(text: str, path: Path) -> tuple[FirmwareRow, ...]:
    delimiter = ";" if text.count(";") > text.count(",") else ","
    rows: list[FirmwareRow] = []
    problems: list[Message] = []
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
        row = tuple(cell.strip() for cell in cells)
        if not any(row) or row[0].startswith("#") or tuple(cell.lower() for cell in row) == COLUMNS:
            continue
        if len(row) != len(COLUMNS):
            wanted = ", ".join(COLUMNS)
            problems.append(message("config.wrong_cells", path=str(path), line=number, wanted=wanted, count=len(row)))
        elif row[3].lower() not in ("allow", "deny"):
            problems.append(message("config.wrong_word", path=str(path), line=number, given=row[3][:40]))
        else:
            rows.append((row[0], row[1], row[2], row[3].lower()))
    if problems:
        raise OperatorError(*problems)
    return tuple(rows)
