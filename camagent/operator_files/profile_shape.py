"""What a requirement profile's tables look like: keys, texts, words that may be chosen. What a rule takes is
checked by the rule (`camagent.assess`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from camagent.model.text import Message
from camagent.operator_files.checked import CheckedTable, problems_of

MAX_CHARS = 2_000
MAX_ROWS = 500  # ten times the largest profile known
MAX_ITEMS = 100


def _words(text: str) -> str:
    """It is printed on terminals and in reports."""
    if not text.strip():
        raise ValueError("too_short")
    if not text.replace("\n", " ").isprintable():
        raise ValueError("not_printable")
    return text


def _as_text(value: object) -> object:
    """A day that was written without quotes."""
    return value.isoformat() if isinstance(value, dt.date) else value


Words = Annotated[str, Field(max_length=MAX_CHARS), AfterValidator(_words)]


class LocalisedTable(CheckedTable):
    """`{ vi, en }`."""

    vi: Words
    en: Words


class SourceTable(CheckedTable):
    """A document that the profile rests on."""

    id: Words
    title: Words
    status: Literal["read", "read-in-part", "not-obtained"]


class HeadTable(CheckedTable):
    """`[profile]`."""

    id: Words
    version: Annotated[Words, BeforeValidator(_as_text)]
    title: LocalisedTable
    authoritative: StrictBool
    extends: str = ""
    drop: tuple[str, ...] = ()
    sources: tuple[SourceTable, ...] = ()


class BasisTable(CheckedTable):
    """On what the values of a row rest."""

    kind: Literal["text-3288", "circular-350", "named-doc", "assumption"]
    confidence: Literal["high", "medium", "low"]
    document: Words | None = None
    note: LocalisedTable | None = None
    comparators: Annotated[tuple[Words, ...], Field(max_length=MAX_ITEMS)] = ()


def _basis(basis: BasisTable) -> BasisTable:
    if basis.document is None and basis.kind != "assumption":
        raise ValueError("document_wanted")
    return basis


class RowTable(CheckedTable):
    """One `[[require]]`, complete after extension."""

    id: str
    vi: Words
    en: Words
    rule: str
    severity: Literal["blocker", "major", "minor", "info"]
    parameters: dict[str, Any] = {}
    basis: Annotated[BasisTable, AfterValidator(_basis)]


class ProfileTable(CheckedTable):
    """A file: its head, and rows that may be parts of those which it extends."""

    profile: HeadTable
    require: Annotated[tuple[dict[str, Any], ...], Field(max_length=MAX_ROWS)] = ()


def file_problems(table: Mapping[str, Any], file: str) -> tuple[Message, ...]:
    """What is wrong with a file's head, and with its list of rows as a list."""
    return problems_of(ProfileTable, table, Path(file))


def row_problems(row: Mapping[str, Any], place: str) -> tuple[Message, ...]:
    """What is wrong with a row; `place` is how the sentences name it."""
    return problems_of(RowTable, row, Path(place))
