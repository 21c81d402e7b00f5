"""What a merge reads of a document: as little as the upgrade list needs, for a city has thousands of them. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from camagent.document.read import BasisCore, CameraCore, DocumentCore, FindingCore, Sentence
from camagent.model.finding import Outcome, Severity

UNREAD = "\x00"
"""Alias of a field that is never read from a document."""


class FineFinding(FindingCore):
    """A row that passed or does not apply: no list prints its words, so a merge of thousands of files skips them."""

    outcome: Literal[Outcome.PASS, Outcome.NOT_APPLICABLE]
    severity: Severity = Field(default=Severity.INFO, validation_alias=UNREAD)
    basis: BasisCore = Field(default=BasisCore(kind="", document=None, confidence=""), validation_alias=UNREAD)
    message: Sentence = Field(default=Sentence(vi="", en=""), validation_alias=UNREAD)
    title: Sentence | None = Field(default=None, validation_alias=UNREAD)
    manual: bool = Field(default=False, validation_alias=UNREAD)


class ToldFinding(FindingCore):
    """A row that a person must know of."""

    outcome: Literal[Outcome.WARN, Outcome.NOT_ASSESSED, Outcome.DEFECT]
    title: Sentence | None = Field(default=None, validation_alias=UNREAD)


class FailedFinding(FindingCore):
    """A row that failed: only these are totalled over an area, with their titles."""

    outcome: Literal[Outcome.FAIL]


class AreaCamera(CameraCore):
    """One camera, as far as an area's merge reads it."""

    findings: tuple[Annotated[FineFinding | ToldFinding | FailedFinding, Field(discriminator="outcome")], ...]


class AreaDocument(DocumentCore):
    """One run on one site, as far as an area's merge reads it: most of the document is skipped."""

    cameras: tuple[AreaCamera, ...]
