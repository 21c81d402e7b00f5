"""Deviations that devices are known for, by name, and the words and numbers that mean "nothing". Pure."""

from __future__ import annotations

import math
from enum import StrEnum

from camagent.model.codec_names import ALL_CODECS
from camagent.model.usable_numbers import letters_and_digits

UNLIMITED_BITRATE = 2_147_483_647  # "no limit" in BitrateLimit, agsh/onvif#233
# no camera encodes 200 Mbit/s: such a number is in bit/s already (mrtian2016/onvifsim quirks)
IMPLAUSIBLE_KBPS = 200_000
MAX_NUMBER = 1e12  # larger than any bit rate; keeps a device's digits from becoming a number nobody can print
MAX_NUMBER_CHARS = 32  # longest honest number is a float with 17 digits


class Quirk(StrEnum):
    """How a conversation had to deviate from the standard to go on."""

    WANTS_ADDRESSING = "wants_addressing"
    """It answers 400 until WS-Addressing headers are sent (home-assistant/core#45513)."""
    WANTS_NO_ACTION = "wants_no_action"
    """It refuses `action=` in the Content-Type (agsh/onvif#302)."""
    WANTS_SOAP_11 = "wants_soap_11"
    """It speaks SOAP 1.1 only (OpenIPC/viewer#65)."""
    STUMBLES_OVER_SECURITY = "stumbles_over_security"
    """mustUnderstand fault on the Security header (Dafang-Hacks/Main#42): it is left out."""
    WANTS_ALL_TYPES = "wants_all_types"
    """Media2 GetProfiles gives configurations only for Type=All."""


def to_float(text: str | None) -> float | None:
    """A finite number as devices write it ("25", "25.0", " 25 ", "25,0"); None for anything else."""
    if text is None or len(text) > MAX_NUMBER_CHARS:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= MAX_NUMBER else None


def to_int(text: str | None) -> int | None:
    """A whole number, also where it is written "25.0" (seen in Media1 integer fields)."""
    number = to_float(text)
    return round(number) if number is not None else None


def to_bool(text: str | None) -> bool | None:
    """XML Schema booleans, and the words that devices use instead."""
    word = (text or "").strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    return False if word in ("false", "0", "no", "off") else None


def positive(number: float | None) -> float | None:
    """The number if it is above zero: zero is "not set" in every field that we read."""
    return number if number is not None and number > 0 else None


def bitrate_bps(text: str | None) -> int | None:
    """BitrateLimit (kbit/s) in bit/s; None for nothing, zero and "no limit"."""
    number = positive(to_float(text))
    if number is None or number >= UNLIMITED_BITRATE:
        return None
    return round(number if number >= IMPLAUSIBLE_KBPS else number * 1000)


def codec_name(text: str | None) -> str | None:
    """Our name of an Encoding, for every spelling seen; unknown ones in lower case."""
    word = letters_and_digits((text or "").lower().removeprefix("video/"))[:32]
    if not word:
        return None
    for codec in ALL_CODECS:
        if word in codec.written:
            return codec.name
    return word
