"""What is wrong with a profile or price file: where, and what was expected. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.model.text import Filling, Message, message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right in a file that somebody wrote."""

    file: str
    row: str | None
    """The row's id, or "#3" where it has none; None: the file as a whole."""
    key: str | None
    message: Message

    def __str__(self) -> str:
        told = ", ".join(
            f"{name}={value.key if isinstance(value, Message) else value}" for name, value in self.message.args
        )
        return f"{self.place}: {self.message.key.rpartition('.')[2]} ({told})"

    @property
    def place(self) -> str:
        """File, row and key in one word."""
        return ": ".join(part for part in (self.file, self.row, self.key) if part)


class ProfileError(Exception):
    """A requirement profile cannot be used; carries every problem at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def problem(name: str, **args: Filling) -> Message:
    """A sentence of the catalogue area `profile`."""
    return message(f"profile.problem.{name}", **args)


def expected(name: str, **args: Filling) -> Message:
    """What should have stood there, in the words of a person: "text", "number", "list" …"""
    return message(f"profile.expected.{name}", **args)
