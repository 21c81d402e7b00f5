"""What an area's earlier JSON document asked, row by row within bounds; nothing else is parsed. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder
from pydantic import TypeAdapter, ValidationError

from camagent.document.area_merge import UpgradeRowView
from camagent.document.school_sightings import SightingView, of_area_row
from camagent.document.values import Moment

MAX_ROWS = 200_000  # the city has 92,000 cameras
MAX_ROW_BYTES = 65_536  # a row is about 1 kB; bounds what the texts of one take once parsed
MAX_MOMENT_BYTES = 64
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


class _Document(Struct):
    at: Raw
    upgrades: list[Raw]


_DECODER = Decoder(_Document)


def read_earlier_list(content: bytes) -> tuple[tuple[SightingView, ...], datetime] | None:
    """The cameras that the document asked something for, and when it was made; None where it is damaged or
    beyond our bounds."""
    try:
        document = _DECODER.decode(content)
        sizes = [len(memoryview(row)) for row in document.upgrades[: MAX_ROWS + 1]]
        if len(sizes) > MAX_ROWS or max(sizes, default=0) > MAX_ROW_BYTES:
            return None
        at = _MOMENT.validate_json(bytes(document.at)[:MAX_MOMENT_BYTES])
        rows = (UpgradeRowView.model_validate_json(bytes(row)) for row in document.upgrades)
        return tuple([of_area_row(row, at) for row in rows]), at
    except (DecodeError, RecursionError, ValidationError):
        return None
