"""A result document from a file or the store, within bounds of memory and time. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from camagent.document.model import MAX_CAMERAS, SCHEMAS, CameraView, ScanDocument
from camagent.document.pieces import Pieces, cut, parsed_bytes
from camagent.document.values import View
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message

# a school of 64 cameras is about 3 MB; bounds what a stranger's file can make us read
MAX_DOCUMENT_BYTES = 64 * 2**20
# of memory, parsed at once: about 64 cameras; a larger document is read camera by camera
MAX_PARSED_BYTES = 16 * 2**20

# of text, parsed at once: 64 cameras have 0.6 MB. A text may take four times its bytes, and that again for
# each field that is missing: pydantic keeps what it complains of
MAX_TEXT_BYTES = 2 * 2**20

# of memory, if it were parsed at once: half as much again as 64 MB of honest cameras
MAX_TOTAL_BYTES = 640 * 2**20

D = TypeVar("D", bound=ScanDocument)
V = TypeVar("V", bound=View)


class DocumentError(OperatorError):
    """A file is not a result document that we read; `problem` is one line: which file, where in it, what."""


def parse_document(text: str | bytes, source: str) -> ScanDocument:
    """Read a result document; `source` is the file's name, for the message.

    Raises: DocumentError with one line: file, where, what.
    """
    document, cameras = parse_as(ScanDocument, text, source)
    return document.model_copy(update={"cameras": tuple(cameras)})


def parse_as(model: type[D], text: str | bytes, source: str) -> tuple[D, Iterator[CameraView]]:
    """The same as far as `model` reads it, and its cameras one by one, for who need not keep them all.

    Raises: DocumentError, also from the iterator.
    """
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DocumentError(
            message("report.document.too_big", source=source, limit=MAX_DOCUMENT_BYTES // 2**20)
        )
    if _is_small(content):
        document = _validated(model, content, source)
        return document, iter(document.cameras)
    pieces = _cut(content, source)
    camera_model = get_args(model.model_fields["cameras"].annotation)[0]
    return _parsed(model, pieces.head, source), _cameras(camera_model, pieces, source)


def parse_cameras(text: bytes, source: str) -> Iterator[CameraView | DocumentError]:
    """The cameras of a document one by one, in little memory; in the place of one that cannot be read, why
    not.

    Raises: DocumentError where not even the cameras can be told apart.
    """
    cameras = _cut(text, source).cameras()
    for number, content in enumerate(cameras):
        try:
            yield _parsed(CameraView, content, source, ("cameras", number))
        except DocumentError as error:
            yield error


def read_schema(text: str | bytes) -> str | None:
    """The schema that a text names at its beginning, also where we do not read it; None where it names
    none."""
    head = text[:4096]
    match = re.search(
        r'"schema"\s*:\s*"([^"]{1,80})"', head if isinstance(head, str) else head.decode("utf-8", "replace")
    )
    return match.group(1) if match else None


def _cut(text: bytes, source: str) -> Pieces:
    if parsed_bytes(text) > MAX_TOTAL_BYTES:
        raise DocumentError(message("report.document.too_much", source=source, where="cameras"))
    pieces = cut(text, MAX_CAMERAS)
    if pieces is None:
        raise DocumentError(message("report.document.no_cameras", source=source, limit=MAX_CAMERAS))
    return pieces


def _cameras(model: type[CameraView], pieces: Pieces, source: str) -> Iterator[CameraView]:
    for number, content in enumerate(pieces.cameras()):
        yield _parsed(model, content, source, ("cameras", number))


def _parsed(model: type[V], text: bytes, source: str, place: tuple[str | int, ...] = ()) -> V:
    if not _is_small(text):
        raise DocumentError(message("report.document.too_much", source=source, where=_place(place)))
    return _validated(model, text, source, place)


def _is_small(text: bytes) -> bool:
    return len(text) <= MAX_TEXT_BYTES and parsed_bytes(text) <= MAX_PARSED_BYTES


def _validated(model: type[V], text: bytes, source: str, place: tuple[str | int, ...] = ()) -> V:
    """Of a text that was counted: counting takes as long as a fifth of the reading."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise DocumentError(_problem(error, source, place)) from None


def _place(steps: tuple[Any, ...]) -> str:
    return ".".join(str(step) for step in steps)[:120] or "-"


def _problem(error: ValidationError, source: str, place: tuple[str | int, ...]) -> Message:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = _place((*place, *first["loc"]))
    if first["type"] == "json_invalid":
        return message("report.document.not_json", source=source)
    if where == "schema":
        return message("report.document.foreign_schema", source=source, known=", ".join(SCHEMAS))
    key = "missing" if first["type"] == "missing" else "wrong_value"
    return message(f"report.document.{key}", source=source, where=where)
