"""Numbers and quantities as a person reads them, in Vietnamese or English. Pure."""

from __future__ import annotations

from camagent.model.codec_names import SHOWN_NAMES
from camagent.model.finding import Quantity
from camagent.text import catalogue, say

_GROUP = {"vi": ".", "en": ","}  # between thousands; a bare number may be a port or a code, and has none
LONG_S, LONG_HOURS_S = 300.0, 7200.0  # from there on a person reads minutes, and hours, not seconds


def number_text(value: float, lang: str, digits: int = 2) -> str:
    """A number as the language writes it: 1 234,5 in Vietnamese, 1,234.5 in English; no trailing zeros."""
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text.translate(str.maketrans(",.", ".,")) if lang == "vi" else text


def quantity_text(amount: Quantity, unit: str | None, lang: str) -> str:
    """A quantity with its unit; a size is 1920×1080; None is "not known"."""
    if amount is None:
        return say("report.unknown", lang)
    if isinstance(amount, bool):
        return say("report.yes" if amount else "report.no", lang)
    if isinstance(amount, str):
        return SHOWN_NAMES.get(amount, amount)
    if isinstance(amount, tuple):
        if unit == "px" and len(amount) == 2:
            return f"{amount[0]}×{amount[1]}"
        return ", ".join(quantity_text(item, unit, lang) for item in amount)
    return (
        _with_unit(amount, unit.strip(), lang)
        if unit
        else number_text(amount, lang).replace(_GROUP[lang], "")
    )


def setting_value(value: Quantity, unit: str | None, lang: str) -> str:
    """A value of a setting; ONVIF's own words ("Manual") as a person says them."""
    words = catalogue(lang)
    if isinstance(value, str) and f"report.setting_value.{value.casefold()}" in words:
        return words[f"report.setting_value.{value.casefold()}"]
    return quantity_text(value, unit, lang)


def _with_unit(value: float, unit: str, lang: str) -> str:
    key = unit.casefold()
    if key in ("bps", "bit/s"):
        return bitrate_text(value, lang)
    if key == "s" and abs(value) >= LONG_S:
        hours = abs(value) >= LONG_HOURS_S
        number = number_text(value / (3600 if hours else 60), lang)
        return f"{number} {say('report.unit.h' if hours else 'report.unit.min', lang)}"
    if key == "ratio":
        return f"{number_text(100 * value, lang)} %"
    word = catalogue(lang).get(f"report.unit.{key}", unit)
    return f"{number_text(value, lang)} {word}".rstrip()


def bitrate_text(bits_per_second: float | None, lang: str) -> str:
    """Megabits a second; None is "not known"."""
    if bits_per_second is None:
        return say("report.unknown", lang)
    return f"{number_text(bits_per_second / 1e6, lang)} Mbit/s"


def storage_text(bits_per_second: float, lang: str) -> str:
    """What that rate fills in a day of recording."""
    gigabytes = bits_per_second / 8 * 86_400 / 1e9
    return say("report.chart.storage", lang, amount=number_text(gigabytes, lang, 1))


def left_text(left_s: float, lang: str) -> str:
    """How long something will still take, in steps as coarse as such an estimate is: 5 s, from a minute on
    15 s."""
    step_s = 5 if left_s <= 60 else 15
    rounded_s = max(step_s, round(left_s / step_s) * step_s)
    if rounded_s < 60:
        return say("cli.left_seconds", lang, seconds=rounded_s)
    return say("cli.left_minutes", lang, time=f"{rounded_s // 60}:{rounded_s % 60:02}")
