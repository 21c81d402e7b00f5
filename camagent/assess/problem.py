"""What is wrong with a profile: where, and what was expected. Pure."""

from __future__ import annotations

from camagent.model.operator_error import located
from camagent.model.text import Filling, Message, message


def problem_at(file: str, row: str | None, key: str | None, what: Message) -> Message:
    """One thing to put right: file, row (its id, or "#3" where it has none) and key in front of what is
    wrong."""
    place = ": ".join(part for part in (file, row, key) if part)
    return located(place, what)


def problem(name: str, **args: Filling) -> Message:
    """A sentence of the catalogue area `profile`."""
    return message(f"profile.problem.{name}", **args)


def expected(name: str, **args: Filling) -> Message:
    """What should have stood there, in the words of a person: "text", "number", "list" …"""
    return message(f"profile.expected.{name}", **args)
