"""The allow and deny list of firmware versions: a CSV that the operator keeps. Reads one file, judges nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from camagent.config import ConfigError

COLUMNS = ("manufacturer", "model", "firmware", "verdict")
MAX_BYTES = 1_000_000  # some 20,000 rows; every make and model in the city is far fewer

FirmwareRow = tuple[str, str, str, str]


def load_firmware_list(path: Path) -> tuple[FirmwareRow, ...]:
    """Rows of (manufacturer, model, firmware pattern, "allow" or "deny"); the first that fits a camera decides.

    Patterns may hold `*`. Commas or semicolons, with or without the header line; "#" begins a comment.
    Raises: ConfigError with every wrong line at once.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read ({error.strerror})",)) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError((f"{path}: larger than {MAX_BYTES} bytes: not a firmware list",))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError((f"{path}: not UTF-8 text",)) from None
    return _rows(text, path)


def _rows(text: str, path: Path) -> tuple[FirmwareRow, ...]:
    delimiter = ";" if text.count(";") > text.count(",") else ","
    rows: list[FirmwareRow] = []
    problems: list[str] = []
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
        row = tuple(cell.strip() for cell in cells)
        if not any(row) or row[0].startswith("#") or tuple(cell.lower() for cell in row) == COLUMNS:
            continue
        if len(row) != len(COLUMNS):
            problems.append(f"{path}: line {number}: expected {', '.join(COLUMNS)}, got {len(row)} cells")
        elif row[3].lower() not in ("allow", "deny"):
            problems.append(f"{path}: line {number}: verdict must be allow or deny, got {row[3][:40]!r}")
        else:
            rows.append((row[0], row[1], row[2], row[3].lower()))
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(rows)
