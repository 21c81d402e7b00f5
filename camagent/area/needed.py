"""A document's text without the parts that no list of an area reads: they are nine tenths of it. Pure.

Which parts those are is asked of the model that reads the text afterwards, so that nothing is declared twice.
What cannot be cut for certain is left whole: the reading then says what is wrong with it, and where.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, defstruct
from msgspec.json import Decoder, Encoder
from pydantic import BaseModel

from camagent.area.merge_view import (
    AreaCamera,
    AreaDocument,
    FailedFinding,
    OpenFinding,
    QuietFinding,
    ToldFinding,
    fields_read,
)
from camagent.model.finding import Outcome

# a school of 64 cameras is 3 MB; a hostile text of this size takes 150 MB while it is cut
MAX_CUT_BYTES = 16 * 2**20

_OUTCOME = "outcome"
_MODELS: dict[Outcome, type[BaseModel]] = {
    Outcome.PASS: QuietFinding,
    Outcome.NOT_APPLICABLE: QuietFinding,
    Outcome.NOT_ASSESSED: OpenFinding,
    Outcome.WARN: ToldFinding,
    Outcome.DEFECT: ToldFinding,
    Outcome.FAIL: FailedFinding,
}


def _parts(model: type[BaseModel], **cut: Any) -> list[tuple[str, Any, Any]]:
    """What `model` reads, each as it stands in the text but for what is itself cut."""
    names = [name for name in fields_read(model) if name != _OUTCOME]
    return [(name, cut.get(name, Raw) | UnsetType, UNSET) for name in names]


def _rows(outcome: Outcome, model: type[BaseModel]) -> type[Struct]:
    return defstruct(f"{outcome.name}_ROW", _parts(model), tag_field=_OUTCOME, tag=outcome.value)


_KINDS = {outcome: _rows(outcome, model) for outcome, model in _MODELS.items()}
_OPEN: Any = _KINDS[Outcome.NOT_ASSESSED]
# a row that waits for a person: of it only that is read
_BY_HAND = _OPEN(manual=Raw(b"true"))
_ANY_ROW: Any = reduce(or_, _KINDS.values())
_CAMERA: Any = defstruct("Camera", _parts(AreaCamera, findings=list[_ANY_ROW]))
_DECODER = Decoder(defstruct("Document", _parts(AreaDocument, cameras=list[_CAMERA])))
_ENCODER = Encoder()


def needed_text(text: bytes) -> bytes:
    """The same document with what an `AreaDocument` reads and no more; `text` itself where it is too long, or
    is not what a document should be."""
    if len(text) > MAX_CUT_BYTES:
        return text
    try:
        document: Any = _DECODER.decode(text)
        # the decoder does not look into the strings that it leaves out
        text.isascii() or text.decode()
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return text
    for camera in document.cameras or ():
        if camera.findings:
            camera.findings = _brief(camera.findings)
    return _ENCODER.encode(document)


def _brief(rows: Sequence[Any]) -> list[Any]:
    return [_BY_HAND if _waits_for_a_person(row) else row for row in rows]


def _waits_for_a_person(row: Any) -> bool:
    return isinstance(row, _OPEN) and row.manual is not UNSET and bytes(row.manual) == b"true"
