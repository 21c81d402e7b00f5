"""The rows of a profile and of those it extends, checked key by key; collects problems instead of stopping.
Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camagent.assess.parameters import MAX_CHARS, checked_parameters, nearest
from camagent.assess.problem import expected, problem, problem_at
from camagent.assess.rule import Rule
from camagent.model.finding import Severity
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message

ROW_ID = re.compile(r"[\w.\-]{1,64}")  # it is a label of metrics, a heading and what people type
MAX_ROWS = 500  # ten times the largest profile known
HEAD_KEYS = ("id", "version", "title", "authoritative", "extends", "drop", "sources")
ROW_KEYS = ("id", "vi", "en", "rule", "severity", "parameters", "basis")
BASIS_KEYS = ("kind", "document", "confidence", "note", "comparators")
SOURCE_KEYS = ("id", "title", "status")
KINDS = ("text-3288", "circular-350", "named-doc", "assumption")
CONFIDENCES = ("high", "medium", "low")
STATUSES = ("read", "read-in-part", "not-obtained")


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row after extension, as tables; `parameters` are checked."""

    id: str
    table: Mapping[str, Any]
    parameters: Mapping[str, Any]


class Reader:
    """Takes the tables of a profile, the most general first, and remembers every problem."""

    def __init__(self, file: str, catalogue: Mapping[str, Rule]) -> None:
        self._file = file
        self._catalogue = catalogue
        self._head: dict[str, Any] = {}
        self._rows: dict[str, tuple[str, dict[str, Any]]] = {}
        self._problems: list[Message] = []

    def take(self, table: Mapping[str, Any], file: str) -> None:
        """One file: its head replaces the one before, its rows are added or override."""
        for key in table:
            if key not in ("profile", "require"):
                self._complain(file, None, key, problem("unknown_key", expected="profile, require"))
        head = table.get("profile")
        self._head = dict(head) if isinstance(head, dict) else {}
        if not isinstance(head, dict):
            self._complain(file, None, "profile", problem("missing", expected="[profile]"))
        self._drop(file, self._head.get("drop", []))
        rows = table.get("require", [])
        if (
            not isinstance(rows, list)
            or len(rows) > MAX_ROWS
            or not all(isinstance(row, dict) for row in rows)
        ):
            self._complain(file, None, "require", problem("rows_expected", limit=MAX_ROWS))
            return
        own: set[str] = set()
        inherited = tuple(self._rows)
        for number, row in enumerate(rows, start=1):
            self._take_row(file, number, row, own, inherited)

    def _drop(self, file: str, drop: Any) -> None:
        if not isinstance(drop, list) or not all(isinstance(name, str) for name in drop):
            self._complain(
                file,
                None,
                "profile.drop",
                problem("wrong_type", expected=expected("list", item=expected("text")), found=str(drop)[:60]),
            )
            return
        for name in drop:
            if self._rows.pop(name, None) is None:
                self._complain(file, None, "profile.drop", problem("drop_unknown", id=name))

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
        self._check_head()
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

    def _check_head(self) -> None:
        head, file = self._head, self._file
        if isinstance(head.get("version"), dt.date):
            head["version"] = head["version"].isoformat()
        self._only(file, None, "profile", head, HEAD_KEYS)
        self._text(file, None, "profile", head, ("id", "version"))
        self._localised(file, None, "profile.title", head.get("title"))
        if not isinstance(head.get("authoritative"), bool):
            self._complain(
                file, None, "profile.authoritative", problem("missing", expected=expected("boolean"))
            )
        if not isinstance(head.get("extends", ""), str):
            self._complain(file, None, "profile.extends", problem("missing", expected=expected("text")))
        sources = head.get("sources", [])
        for number, source in enumerate(sources if isinstance(sources, list) else [None], start=1):
            where = f"profile.sources#{number}"
            if not isinstance(source, dict):
                self._complain(file, None, where, problem("missing", expected="{id, title, status}"))
                continue
            self._only(file, None, where, source, SOURCE_KEYS)
            self._text(file, None, where, source, ("id", "title"))
            self._choice(file, None, f"{where}.status", source.get("status"), STATUSES)

    def _checked(self, name: str, file: str, table: dict[str, Any]) -> RawRow:
        self._only(file, name, None, table, ROW_KEYS)
        self._text(file, name, None, table, ("vi", "en"))
        self._choice(file, name, "severity", table.get("severity"), tuple(s.value for s in Severity))
        self._check_basis(file, name, table.get("basis"))
        rule = self._catalogue.get(table["rule"]) if isinstance(table.get("rule"), str) else None
        table_parameters = table.get("parameters", {})
        if rule is None:
            self._complain(file, name, "rule", self._unknown_rule(str(table.get("rule"))))
        elif not isinstance(table_parameters, dict):
            self._complain(file, name, "parameters", problem("missing", expected="[require.parameters]"))
        else:
            usable, complaints = checked_parameters(rule, table_parameters)
            for key, message in complaints:
                self._complain(file, name, f"parameters.{key}", message)
            return RawRow(name, table, usable)
        return RawRow(name, table, {})  # told above: no profile comes of it

    def _unknown_rule(self, name: str) -> Message:
        near = nearest(name, self._catalogue)
        if near:
            return problem("unknown_rule_near", near=near)
        return problem("unknown_rule", expected=", ".join(sorted(self._catalogue)))

    def _check_basis(self, file: str, row: str, basis: Any) -> None:
        if not isinstance(basis, dict):
            self._complain(file, row, "basis", problem("missing", expected="[require.basis]"))
            return
        self._only(file, row, "basis", basis, BASIS_KEYS)
        self._choice(file, row, "basis.kind", basis.get("kind"), KINDS)
        self._choice(file, row, "basis.confidence", basis.get("confidence"), CONFIDENCES)
        if basis.get("kind") in KINDS and basis.get("kind") != "assumption":
            self._text(file, row, "basis", basis, ("document",))
        if "note" in basis:
            self._localised(file, row, "basis.note", basis["note"])
        comparators = basis.get("comparators", [])
        if not isinstance(comparators, list) or not all(_readable(item) for item in comparators):
            self._complain(
                file,
                row,
                "basis.comparators",
                problem("missing", expected=expected("list", item=expected("text"))),
            )

    def _check_authority(self) -> None:
        """A profile speaks for a document only if no value of it is an assumption."""
        for name, (file, table) in self._rows.items():
            basis = table.get("basis")
            if isinstance(basis, dict) and basis.get("kind") == "assumption":
                self._complain(file, name, "basis.kind", problem("authority"))

    def _only(
        self, file: str, row: str | None, key: str | None, table: Mapping[str, Any], keys: tuple[str, ...]
    ) -> None:
        for name in table:
            if name not in keys:
                self._complain(file, row, _join(key, name), problem("unknown_key", expected=", ".join(keys)))

    def _text(
        self, file: str, row: str | None, key: str | None, table: Mapping[str, Any], names: tuple[str, ...]
    ) -> None:
        for name in names:
            if not isinstance(table.get(name), str) or not table[name].strip():
                self._complain(file, row, _join(key, name), problem("missing", expected=expected("text")))
            elif not _readable(table[name]):
                self._complain(file, row, _join(key, name), problem("unreadable_text", limit=MAX_CHARS))

    def _choice(self, file: str, row: str | None, key: str, value: Any, choices: tuple[str, ...]) -> None:
        if value not in choices:
            self._complain(file, row, key, problem("choice", expected=", ".join(choices)))

    def _localised(self, file: str, row: str | None, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            self._complain(file, row, key, problem("missing", expected="{vi, en}"))
            return
        self._only(file, row, key, value, ("vi", "en"))
        self._text(file, row, key, value, ("vi", "en"))


def _join(key: str | None, name: str) -> str:
    return f"{key}.{name}" if key else name


def _readable(text: Any) -> bool:
    """Text of a sane length without control characters: it is printed on terminals and in reports."""
    return isinstance(text, str) and len(text) <= MAX_CHARS and text.replace("\n", " ").isprintable()
