"""What the parts of a published document are made of: bounded harmless texts, counts, numbers, moments,
lists. Pure.

Files come from other schools' machines as well: every text is made harmless on the way in, unknown keys are
ignored (the contract may grow), a wrong type is refused with its place, and no list is longer than its bound.
In process a number that is not finite becomes None, so that it is null in JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FiniteFloat,
    GetCoreSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema, core_schema

from camagent.text.vietnamese import MAX_PARAGRAPH_CHARS, clean_line, clean_paragraph

MAX_ITEMS = 2_000  # of any other list of a camera: findings, faults, streams; a camera has about 60
EARLIEST_YEAR, LATEST_YEAR = 1970, 9000  # outside, a time cannot be shown in another zone

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InProcess:
    """Runs on what comes from our own program, before it is checked; JSON goes straight to the check."""

    function: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.json_or_python_schema(
            inner, core_schema.no_info_before_validator_function(self.function, inner)
        )


@dataclass(frozen=True, slots=True)
class ListLimit:
    """A list in JSON holds at most so many items and ends at the first wrong one: no file becomes a million
    errors."""

    limit: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        items = handler(source)
        bounded: Any = {**items, "max_length": self.limit, "fail_fast": True}
        return core_schema.json_or_python_schema(bounded, items)


def _encodable(value: Any) -> Any:
    """A device may send half of a surrogate pair, which no encoding has."""
    if not isinstance(value, str) or value.isascii():
        return value
    return "".join(char for char in value if not "\ud800" <= char <= "\udfff")


def _finite(value: Any) -> Any:
    """JSON has no other numbers; a file that holds one is refused."""
    parts = value if isinstance(value, tuple) else (value,)
    if any(isinstance(part, float) and not math.isfinite(part) for part in parts):
        return None
    return _encodable(value)


def _long_line(text: str) -> str:
    return clean_line(text, MAX_PARAGRAPH_CHARS)


def _utc(moment: datetime) -> datetime:
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError("year")
    return moment.astimezone(UTC).replace(microsecond=0)


def one_of_words(*allowed: str) -> WithJsonSchema:
    """What we write is one of these words; readers take any, for the contract may grow."""
    return WithJsonSchema({"type": "string", "enum": list(allowed)})


Line = Annotated[str, AfterValidator(clean_line), InProcess(_encodable)]
"""On one line, at most 200 characters."""
LongLine = Annotated[str, AfterValidator(_long_line), InProcess(_encodable)]
"""On one line, for addresses and calls, which must not be cut."""
Paragraph = Annotated[str, AfterValidator(clean_paragraph), InProcess(_encodable)]
Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]
Number = Annotated[FiniteFloat | None, InProcess(_finite)]
"""None: not known, or not finite."""
Absent = SkipJsonSchema[None]
"""What older documents do not have, and newer ones always."""
Figure = Annotated[FiniteFloat | Absent, InProcess(_finite)]
"""A number that every camera has: none only where our own arithmetic failed."""
Setting = Annotated[
    int | FiniteFloat | None, InProcess(_finite), WithJsonSchema({"type": ["number", "null"]})
]
"""A number as a device's menu has it: whole numbers stay whole."""
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_utc),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "Z$",
            "description": "RFC 3339, UTC, whole seconds",
        }
    ),
]
Amount = Annotated[
    Line | int | FiniteFloat | bool | tuple[Line | int | FiniteFloat, ...] | None,
    InProcess(_finite),
    WithJsonSchema(
        {
            "description": "A number stays a number; a size is [width, height]; null is not known",
            "type": ["string", "number", "boolean", "array", "null"],
            "items": {"type": ["string", "number"]},
        }
    ),
]
"""A `Quantity` as a document carries it."""
Listed = Annotated[tuple[T, ...], ListLimit(MAX_ITEMS)]
_OF_TYPE: dict[Any, Any] = {
    str: Line,
    str | None: Line | None,
    int: Count,
    int | None: Count | None,
    float: FiniteFloat,
    float | None: Number,
    tuple[str, ...]: Listed[Line],
    datetime: Moment,
    datetime | None: Moment | None,
}


class Published:
    """Marks a dataclass of the run that is published as it is: no second class repeats its fields.

    Each field is read and written as its type says (`_OF_TYPE`), or as its keyword here does.
    """

    def __init__(self, **kinds: Any) -> None:
        self._kinds = kinds

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        hints = get_type_hints(source)
        arguments = [self._argument(field, hints[field.name], handler) for field in fields(source)]
        return core_schema.dataclass_schema(
            source,
            core_schema.dataclass_args_schema(source.__name__, arguments),
            [field.name for field in fields(source)],
            revalidate_instances="always",
            slots=True,
            ref=f"{source.__module__}.{source.__qualname__}:{id(source)}",
            config=core_schema.CoreConfig(strict=True, extra_fields_behavior="ignore"),
        )

    def _argument(
        self, field: Field[Any], hint: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.DataclassField:
        schema = handler.generate_schema(self._kinds.get(field.name, _OF_TYPE.get(hint, hint)))
        if field.default is not MISSING:
            schema = core_schema.with_default_schema(schema, default=field.default)
        return core_schema.dataclass_field(field.name, schema, kw_only=True)


class View(BaseModel):
    """What all parts of a document have in common."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, from_attributes=True, defer_build=True
    )

    def plain(self) -> dict[str, Any]:
        """Only what JSON has: enumerations as their words, times as text."""
        return self.model_dump(mode="json", by_alias=True)

    def compact_json(self) -> bytes:
        """JSON without white space, for the store and the network: a third of the memory of `plain` on the
        way."""
        return self.model_dump_json(by_alias=True).encode()


class TextView(View):
    """One sentence in Vietnamese and English."""

    vi: Paragraph
    en: Paragraph

    def to(self, lang: str) -> str:
        """The sentence in that language."""
        return self.en if lang == "en" else self.vi
