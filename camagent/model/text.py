"""A sentence for a person, before it has a language. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Message:
    """A catalogue key and what fills its gaps; `publish.text` turns it into Vietnamese or English."""

    key: str
    """`area.name`, for example `findings.frame_rate_low`."""
    args: tuple[tuple[str, Scalar], ...] = ()


def message(key: str, **args: Scalar) -> Message:
    """A Message with its arguments in a stable order."""
    return Message(key, tuple(sorted(args.items())))


@dataclass(frozen=True, slots=True)
class Localised:
    """The same text in the two languages of our users, as profiles and inventories carry it."""

    vi: str
    en: str
