"""TOML -> RequirementProfile: every value with its basis, every error at once. Reads no file, judges
nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

from camagent.assess.catalogue import CATALOGUE
from camagent.assess.profile_rows import ProfileReader, RawRow, Shapes
from camagent.assess.rule import Rule, needs
from camagent.model.finding import Basis, Severity
from camagent.model.scan_result import ProfileStamp
from camagent.model.text import Localised


@dataclass(frozen=True, slots=True)
class Source:
    """A document that the profile rests on, and whether we have read it."""

    id: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: what is asked, by which rule, with which values, on what basis."""

    id: str
    title: Localised
    rule: str
    severity: Severity
    basis: Basis
    parameters: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RequirementProfile:
    """Everything a school is judged by."""

    id: str
    version: str
    title: Localised
    authoritative: bool
    """False: no report made with it may say that a camera meets the document."""
    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    digest: str = ""

    @property
    def stamp(self) -> ProfileStamp:
        """What goes into every result."""
        return ProfileStamp(self.id, self.version, self.digest, self.authoritative, self.title)

    def ports_to_try(self) -> tuple[int, ...]:
        """The TCP ports that some row judges: a scan that is to answer them has to try these."""
        parameters = chain.from_iterable(row.parameters for row in self.rows)
        lists = (value for name, value in parameters if name.endswith("_tcp"))
        return tuple(sorted(set(chain.from_iterable(lists))))

    def answerable(self, catalogue: Mapping[str, Rule] = CATALOGUE) -> tuple[str, ...]:
        """Ids of the rows that a person's answer can settle."""
        return tuple(
            row.id
            for row in self.rows
            if any(need.section == "answer" for need in needs(catalogue[row.rule]))
        )


def requirement_profile(
    tables: Sequence[tuple[Mapping[str, Any], str]], shapes: Shapes, catalogue: Mapping[str, Rule] = CATALOGUE
) -> RequirementProfile:
    """The profile of these tables, each with its file name, those that it extends behind it.

    shapes: what a file and a row look like (`operator_files.profile_shape`).

    Raises: OperatorError with every problem at once: file, row, key and what was expected.
    """
    reader = ProfileReader(tables[0][1], catalogue, shapes)
    for table, file in reversed(tables):
        reader.take(table, file)
    head, rows = reader.finish()
    effective = RequirementProfile(
        id=head["id"],
        version=head["version"],
        title=Localised(**head["title"]),
        authoritative=head["authoritative"],
        sources=tuple(Source(**source) for source in head["sources"]),
        rows=tuple(_row(row) for row in rows),
    )
    return replace(effective, digest=_digest(effective))


def _row(raw: RawRow) -> Row:
    basis = raw.table["basis"]
    note = basis.get("note", {})
    return Row(
        id=raw.id,
        title=Localised(raw.table["vi"], raw.table["en"]),
        rule=raw.table["rule"],
        severity=Severity(raw.table["severity"]),
        basis=Basis(
            kind=basis["kind"],
            document=basis.get("document"),
            confidence=basis["confidence"],
            note=note.get("vi"),
            comparators=tuple(basis.get("comparators", ())),
            note_en=note.get("en"),
        ),
        parameters=tuple(raw.parameters.items()),
    )


def _digest(value: RequirementProfile) -> str:
    """sha256 over the effective content after extension: equal rows give equal digests, however they are
    written."""
    text = json.dumps(asdict(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
