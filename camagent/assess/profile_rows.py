"""The rows of a profile and of those it extends, checked against their rules; collects problems instead of
stopping. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from camagent.assess.parameters import checked_parameters, nearest
from camagent.assess.problem import expected, problem, problem_at
from camagent.assess.rule import Rule
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message

ROW_ID = re.compile(r"[\w.\-]{1,64}")  # it is a label of metrics, a heading and what people type


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row after extension, as tables; `parameters` are checked."""

    id: str
    table: Mapping[str, Any]
    parameters: Mapping[str, Any]


Shape = Callable[[Mapping[str, Any], str], tuple[Message, ...]]
"""What is wrong with a table before any rule is asked; the text is how the sentences name it."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a file and a complete row look like."""

    file: Shape
    row: Shape


class ProfileReader:
    """Takes the tables of a profile, the most general first, and remembers every problem."""

    def __init__(self, file: str, catalogue: Mapping[str, Rule], shapes: Shapes) -> None:
        self._file = file
        self._catalogue = catalogue
        self._shapes = shapes
        self._head: dict[str, Any] = {}
        self._rows: dict[str, tuple[str, dict[str, Any]]] = {}
        self._problems: list[Message] = []

    def take(self, table: Mapping[str, Any], file: str) -> None:
        """One file: its head replaces the one before, its rows are added or override."""
        problems = self._shapes.file(table, file)
        self._problems += problems
        head, rows = table.get("profile"), table.get("require", [])
        self._head = dict(head) if isinstance(head, dict) else {}
        if problems and not _are_tables(rows):
            return
        drop = self._head.get("drop", [])
        for name in drop if isinstance(drop, list) else []:
            if self._rows.pop(str(name), None) is None and not problems:
                self._complain(file, None, "profile.drop", problem("drop_unknown", id=name))
        own: set[str] = set()
        inherited = tuple(self._rows)
        for number, row in enumerate(rows, start=1):
            self._take_row(file, number, row, own, inherited)

    def _take_row(
        self, file: str, number: int, row: Mapping[str, Any], own: set[str], inherited: tuple[str, ...]
    ) -> None:
        name = row.get("id")
        if not isinstance(name, str) or not name.strip():
            self._complain(file, f"#{number}", "id", problem("missing", expected=expected("text")))
            return
        if ROW_ID.fullmatch(name) is None:
            self._complain(file, f"#{number}", "id", problem("bad_id"))
            return
        if name in own:
            self._complain(file, name, "id", problem("twice"))
            return
        own.add(name)
        before = self._rows.get(name)
        if before is None and inherited and "rule" not in row:
            near = nearest(name, inherited)
            trouble = problem("override_unknown_near", near=near) if near else problem("override_unknown")
            self._complain(file, name, "id", trouble)
            return
        if before is None:
            self._rows[name] = (file, dict(row))
            return
        old = before[1]
        if row.keys() & {"rule", "parameters"} and "basis" not in row:
            self._complain(file, name, "basis", problem("override_basis"))
        merged = {**old, **row}
        same_rule = row.get("rule", old.get("rule")) == old.get("rule")
        if (
            same_rule
            and isinstance(old.get("parameters"), dict)
            and isinstance(row.get("parameters", {}), dict)
        ):
            merged["parameters"] = {**old["parameters"], **row.get("parameters", {})}
        self._rows[name] = (file, merged)

    def finish(self) -> tuple[dict[str, Any], list[RawRow]]:
        """The checked head and rows.

        Raises: OperatorError with every problem that was seen.
        """
        if isinstance(self._head.get("version"), dt.date):
            self._head["version"] = self._head["version"].isoformat()
        rows = [self._checked(name, file, table) for name, (file, table) in self._rows.items()]
        if not rows and not self._problems:
            self._complain(self._file, None, "require", problem("no_rows"))
        if self._head.get("authoritative") is True:
            self._check_authority()
        if self._problems:
            raise OperatorError(*self._problems)
        return {**self._head, "sources": self._head.get("sources", [])}, rows

    def _complain(self, file: str, row: str | None, key: str | None, message: Message) -> None:
        self._problems.append(problem_at(file, row, key, message))

    def _checked(self, name: str, file: str, table: dict[str, Any]) -> RawRow:
        self._problems += self._shapes.row(table, f"{file}: {name}")
        table_parameters = table.get("parameters", {})
        rule = self._catalogue.get(str(table.get("rule")))
        if rule is None and isinstance(table.get("rule"), str):
            self._complain(file, name, "rule", self._unknown_rule(table["rule"]))
        if rule is None or not isinstance(table_parameters, dict):
            return RawRow(name, table, {})  # told above: no profile comes of it
        usable, complaints = checked_parameters(rule, table_parameters)
        for key, message in complaints:
            self._complain(file, name, f"parameters.{key}", message)
        return RawRow(name, table, usable)

    def _unknown_rule(self, name: str) -> Message:
        near = nearest(name, self._catalogue)
        if near:
            return problem("unknown_rule_near", near=near)
        return problem("unknown_rule", expected=", ".join(sorted(self._catalogue)))

    def _check_authority(self) -> None:
        """A profile speaks for a document only if no value of it is an assumption."""
        for name, (file, table) in self._rows.items():
            basis = table.get("basis")
            if isinstance(basis, dict) and basis.get("kind") == "assumption":
                self._complain(file, name, "basis.kind", problem("authority"))


def _are_tables(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
