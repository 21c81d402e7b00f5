"""The texts of a workbook's cells, row by row, within bounds: a strange file costs no more than a list of the
city.

An .xlsx file is a ZIP of XML parts (ECMA-376, part 1, 18.3 and 18.4). Read as a stream with expat, because
libraries that build rows first hold whatever stands in one: 426 kB can be 125 MB of empty rows, or one row of
ten million cells. Only texts are read; numbers, dates and the results of errors are nothing here. No I/O.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from xml.parsers import expat

MAX_PACKED_BYTES = 64 * 2**20  # the city's list of 92,000 cameras is about 15 MB
MIN_UNPACKED_BYTES = 50 * 2**20  # may always be unpacked
MAX_RATIO = 20  # a larger file's XML over the file; a list of ours is packed to about an eighth
MAX_STRINGS = 2_000_000  # different texts; the city's list has some 700,000
MAX_CELL_CHARS = 32_767  # Excel's own bound
MAX_COLUMNS = 16_384  # Excel's own bound
MAX_ROWS = 1_048_576  # Excel's own bound
MAX_SHEETS = 50
MAX_DEPTH = 64  # of elements: a cell's text stands at eight
MAX_MARKUP_BYTES = 1_000_000  # one tag with its attributes; expat keeps an unfinished one in memory
CHUNK_BYTES = 65_536

_OFFICE_DOCUMENT, _SHARED_STRINGS = "/officeDocument", "/sharedStrings"
_BROKEN = (
    zipfile.BadZipFile,
    expat.ExpatError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    LookupError,
    ValueError,
)
_UNSUPPORTED = (NotImplementedError, RuntimeError)
"""zipfile's words for a packing that it does not know, and for a password."""
_COLUMN = re.compile(r"[A-Z]{1,3}")

Cells = Mapping[int, str]
"""Column (from 0) and text of every cell of a row that holds one."""


class WorkbookRefused(Exception):
    """Not a workbook, a damaged one, or one of more than our bounds; `too_large` tells which."""

    def __init__(self, too_large: bool) -> None:
        super().__init__("too large" if too_large else "no workbook")
        self.too_large = too_large


def read_sheets(content: bytes) -> Iterator[tuple[str, Iterator[tuple[int, Cells]]]]:
    """For each sheet its name and its rows with their numbers (from 1); a sheet left early is not read to its
    end.

    Raises: WorkbookRefused, also while rows are taken.
    """
    if len(content) > MAX_PACKED_BYTES:
        raise WorkbookRefused(too_large=True)
    with _refusing():
        book = _Book.open(content)
    for name, part in book.sheets:
        yield name, _rows(book, part)


class _refusing:
    """Turns what a damaged file makes of the libraries into WorkbookRefused."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (*_BROKEN, *_UNSUPPORTED)):
            raise WorkbookRefused(too_large=False) from None


@dataclass
class _Book:
    """An open workbook: its parts, and how many bytes of them may still be unpacked."""

    packed: zipfile.ZipFile
    left_bytes: int
    sheets: Sequence[tuple[str, str]] = ()
    """Name and part of each."""
    strings: Sequence[str] = ()

    @classmethod
    def open(cls, content: bytes) -> _Book:
        """Find the sheets in their order, and read the texts that they share."""
        book = cls(zipfile.ZipFile(io.BytesIO(content)), max(MIN_UNPACKED_BYTES, MAX_RATIO * len(content)))
        main = next(
            (
                target
                for _, kind, target in book.related("_rels/.rels", "")
                if kind.endswith(_OFFICE_DOCUMENT)
            ),
            "xl/workbook.xml",
        )
        folder, _, name = main.rpartition("/")
        related = book.related(f"{folder}/_rels/{name}.rels".lstrip("/"), folder)
        targets = {key: target for key, _, target in related}
        wanted = book.attributes(main, "sheet")
        ids = [next((value for name, value in row.items() if _local(name) == "id"), "") for row in wanted]
        named = list(zip([row.get("name", "") for row in wanted], ids, strict=True))[:MAX_SHEETS]
        book.sheets = [(name, targets[key]) for name, key in named if key in targets]
        shared = next((target for _, kind, target in related if kind.endswith(_SHARED_STRINGS)), None)
        if shared is not None and shared in book.packed.NameToInfo:
            reader = _Strings()
            for _ in book.parse(shared, reader):
                pass
            book.strings = reader.texts
        return book

    def related(self, part: str, folder: str) -> list[tuple[str, str, str]]:
        """(id, kind, part) of everything that a part refers to."""
        rows = self.attributes(part, "Relationship") if part in self.packed.NameToInfo else []
        return [
            (
                row.get("Id", ""),
                row.get("Type", ""),
                posixpath.join("/", folder, row.get("Target", "")).lstrip("/"),
            )
            for row in rows
        ]

    def attributes(self, part: str, element: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        reader = _Attributes(element)
        for _ in self.parse(part, reader):
            pass
        return reader.rows

    def parse(self, part: str, reader: _PartReader) -> Iterator[None]:
        """Feed a part to a reader, with a stop after each piece of it."""
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
        parser.CharacterDataHandler = reader.text
        parser.StartDoctypeDeclHandler = _no_doctype
        fed = 0
        if self.packed.getinfo(part).file_size > self.left_bytes:
            raise WorkbookRefused(too_large=True)
        with self.packed.open(part) as source:
            while chunk := source.read(CHUNK_BYTES):
                fed += len(chunk)
                self.left_bytes -= len(chunk)  # zipfile hands out no more than the directory says
                parser.Parse(chunk)
                if fed - max(parser.CurrentByteIndex, 0) > MAX_MARKUP_BYTES:
                    raise WorkbookRefused(too_large=True)
                yield
            parser.Parse(b"", True)
        yield


def _rows(book: _Book, part: str) -> Iterator[tuple[int, Cells]]:
    reader = _Sheet(book.strings)
    steps = book.parse(part, reader)
    while True:
        with _refusing():
            if next(steps, _DONE) is _DONE:
                return
        yield from reader.taken()


_DONE = object()


def _no_doctype(*_: object) -> None:
    raise WorkbookRefused(too_large=False)


@lru_cache(maxsize=1000)
def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _PartReader:
    """Follows the elements of a part; what is inside of phonetic hints (rPh) is no text of the cell."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.pieces: list[str] = []
        self.chars = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(_local(name))
        if len(self.path) > MAX_DEPTH:
            raise WorkbookRefused(too_large=True)
        self.opened(self.path[-1], attributes)

    def end(self, name: str) -> None:
        self.path.pop()
        self.closed(_local(name))

    def text(self, piece: str) -> None:
        if (
            self.path
            and self.path[-1] in ("t", "v")
            and "rPh" not in self.path
            and self.chars <= MAX_CELL_CHARS
        ):
            self.pieces.append(piece)
            self.chars += len(piece)

    def take_text(self) -> str:
        """The text since the last call."""
        text = "".join(self.pieces)[:MAX_CELL_CHARS].replace("_x005F_", "_")
        self.pieces, self.chars = [], 0
        return text

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element began."""

    def closed(self, name: str) -> None:
        """An element ended."""


class _Attributes(_PartReader):
    """The attributes of one kind of element."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.rows: list[dict[str, str]] = []

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == self.wanted and len(self.rows) < 20 * MAX_SHEETS:
            self.rows.append(attributes)


class _Strings(_PartReader):
    """The texts that the cells share."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def closed(self, name: str) -> None:
        if name == "si":
            self.texts.append(self.take_text())
            if len(self.texts) > MAX_STRINGS:
                raise WorkbookRefused(too_large=True)


class _Sheet(_PartReader):
    """The rows of one sheet."""

    def __init__(self, strings: Sequence[str]) -> None:
        super().__init__()
        self._strings = strings
        self._done: list[tuple[int, Cells]] = []
        self._number = 0
        self._column = -1
        self._kind = ""
        self._cells: dict[int, str] = {}

    def taken(self) -> list[tuple[int, Cells]]:
        """The rows that ended since the last call."""
        rows, self._done = self._done, []
        return rows

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._column, self._cells = -1, {}
            if self._number > MAX_ROWS:
                raise WorkbookRefused(too_large=True)
        elif name == "c":
            self._column = _column_of(attributes["r"]) if "r" in attributes else self._column + 1
            self._kind = attributes.get("t", "n")
            self.take_text()
            if self._column >= MAX_COLUMNS:
                raise WorkbookRefused(too_large=True)

    def closed(self, name: str) -> None:
        if name == "c":
            text = _TEXTS[self._kind](self.take_text(), self._strings) if self._kind in _TEXTS else ""
            if text:
                self._cells[self._column] = text
        elif name == "row" and self._cells:
            self._done.append((self._number, self._cells))


_TEXTS: Mapping[str, Callable[[str, Sequence[str]], str]] = {
    "s": lambda number, strings: strings[int(number)] if number else "",
    "str": lambda text, _: text,
    "inlineStr": lambda text, _: text,
}
"""By the cell's type: a shared text by its number, the result of a formula, a text of its own."""


def _column_of(reference: str) -> int:
    """12 for "M7"."""
    letters = _COLUMN.match(reference)
    if letters is None:
        raise ValueError("no cell reference")
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1
