"""The result files of many schools: files, folders and .gz, each read within bounds or named with its
problem. I/O."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from camagent.area.merge_view import AreaDocument
from camagent.area.needed import needed_text
from camagent.document.model import CHECK_SCHEMA, SCHEMAS, CameraView, ScanDocument
from camagent.document.read import MAX_DOCUMENT_BYTES, DocumentError, parse_as, read_schema
from camagent.model.text import Message, message
from camagent.model.uri import shown_as_typed
from camagent.text.vietnamese import clean_line

MAX_FILES = 20_000  # the city has about 2,300 schools; more is a wrong folder
SUFFIXES = (".json", ".json.gz")
GZIP_MAGIC = b"\x1f\x8b"
GZIP_HEADER = 16  # zlib's word for: the stream has gzip's header and check sum


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A file that is not in the merge, and why."""

    source: str
    problem: Message


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One school's document and the file that it came from."""

    source: str
    document: ScanDocument
    cameras: Iterator[CameraView]
    """To be gone through once; a large document is read along the way, so that a DocumentError may come of
    it."""


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[SourceProblem]]:
    """The files named, and every result file below the folders named, each once and in a stable order."""
    files: dict[Path, None] = {}
    problems: list[SourceProblem] = []
    for path in paths:
        if path.is_dir():
            below = sorted(
                item for item in path.rglob("*") if item.name.lower().endswith(SUFFIXES) and item.is_file()
            )
            if not below:
                problems.append(
                    SourceProblem(_name(path), message("area.source.empty_folder", source=_name(path)))
                )
            files |= dict.fromkeys(below)
        elif path.is_file():
            files[path] = None
        else:
            problems.append(SourceProblem(_name(path), message("area.source.no_file", source=_name(path))))
    kept = list(files)
    if len(kept) > MAX_FILES:
        problems.append(SourceProblem("", message("area.source.too_many", count=len(kept), limit=MAX_FILES)))
    return kept[:MAX_FILES], problems


def read_file(path: Path) -> SourceFile | SourceProblem:
    """The file's document, or why it has none."""
    source = _name(path)
    try:
        content = _content(path)
    except (OSError, EOFError, zlib.error):
        return SourceProblem(source, message("area.source.unreadable", source=source))
    schema = read_schema(content)
    if schema == CHECK_SCHEMA:
        return SourceProblem(source, message("area.source.check", source=source))
    if schema is not None and schema not in SCHEMAS:
        return SourceProblem(
            source, message("area.source.foreign", source=source, schema=clean_line(schema, 60))
        )
    try:
        document, cameras = parse_as(AreaDocument, needed_text(content), source)
    except DocumentError as error:
        return SourceProblem(source, error.problem)
    if document.is_check:
        return SourceProblem(source, message("area.source.check", source=source))
    if not document.site.id and not document.site.name:
        return SourceProblem(source, message("area.source.no_site", source=source))
    return SourceFile(source, document, cameras)


def _content(path: Path) -> bytes:
    """At most one byte more than a document may have: a bomb is not unpacked.

    What is packed is known by its first bytes: files are renamed on their way. Editors put a byte order mark
    in front.
    """
    with path.open("rb") as file:
        content = file.read(MAX_DOCUMENT_BYTES + 1)
        if content.startswith(GZIP_MAGIC):
            file.seek(0)
            content = _unpacked(content, file)
    return content.removeprefix(codecs.BOM_UTF8)


def _unpacked(packed: bytes, file: BinaryIO) -> bytes:
    """At most one byte more than a document may have.

    One stream, as every file of ours is, is unpacked at once, in two thirds of the time; what has more behind
    it, or ends too early, is left to the library.
    """
    stream = zlib.decompressobj(zlib.MAX_WBITS | GZIP_HEADER)
    content = stream.decompress(packed, MAX_DOCUMENT_BYTES + 1)
    if (stream.eof and not stream.unused_data) or len(content) > MAX_DOCUMENT_BYTES:
        return content
    del content
    with gzip.GzipFile(fileobj=file) as source:
        return source.read(MAX_DOCUMENT_BYTES + 1)


def _name(path: Path) -> str:
    """The last two parts of the path: enough to find the file, nothing about the machine."""
    return clean_line(shown_as_typed("/".join(path.parts[-2:]).lstrip("/")))
