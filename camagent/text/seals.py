"""A short sign of a line's texts: beside a hidden id it shows that both stand in the same line. Pure."""

from __future__ import annotations

from zlib import crc32

from camagent.text.vietnamese import clean_line

SEAL = "seal"
"""What the hidden row calls the column of these signs."""
SEALED = ("site", "camera", "place")
"""The columns that it is made of, as far as a list has them."""


def seal_of(site: str, camera: str, place: str) -> str:
    """Eight hex digits behind a letter: a spreadsheet would make a number of digits alone."""
    text = "\n".join(map(clean_line, (site, camera, place)))
    return f"s{crc32(text.encode('utf-8', 'replace')):08x}"
