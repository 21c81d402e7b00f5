"""Tables of an operator's file as a pydantic model: the one translator of pydantic's errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message
from camagent.model.uri import without_logins

# Characters of a wrong value that are shown again.
MAX_SHOWN = 80
BOUNDS = ("gt", "ge", "lt", "le", "expected", "max_length")
KINDS = {
    "extra_forbidden": "unknown_key",
    "missing": "missing",
    "string_type": "text_wanted",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "bool_type": "bool_wanted",
    "bool_parsing": "bool_wanted",
    "int_type": "number_wanted",
    "int_parsing": "number_wanted",
    "int_from_float": "number_wanted",
    "float_type": "number_wanted",
    "float_parsing": "number_wanted",
    "greater_than": "not_above",
    "greater_than_equal": "too_small",
    "less_than": "not_below",
    "less_than_equal": "too_large_number",
    "literal_error": "one_of",
    "path_type": "text_wanted",
    "tuple_type": "list_wanted",
    "dict_type": "table_wanted",
    "too_long": "list_too_long",
    "model_type": "table_wanted",
    "model_attributes_type": "table_wanted",
}
"""pydantic's kinds of error and our sentences for them (`config.KEY` in the catalogues)."""


class CheckedTable(BaseModel):
    """A table of a file: keys that it does not know are problems."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Checked = TypeVar("Checked", bound=CheckedTable)


def checked(model: type[Checked], table: Any, path: Path) -> Checked:
    """The table as the model; `path` is how the sentences name the file.

    Raises: OperatorError with every problem at once.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise OperatorError(*_problems(model, error, path)) from None


def problems_of(model: type[CheckedTable], table: Any, path: Path) -> tuple[Message, ...]:
    """Everything that is wrong with the table, for who has more to check; `path` is how it is named."""
    try:
        model.model_validate(table)
    except ValidationError as error:
        return tuple(_problems(model, error, path))
    return ()


def _problems(model: type[CheckedTable], error: ValidationError, path: Path) -> Iterator[Message]:
    for item in error.errors():
        keys = _keys_beside(model, item["loc"]) if item["type"] == "extra_forbidden" else ()
        yield _problem(path, item, keys)


def _problem(path: Path, item: ErrorDetails, keys: Sequence[str]) -> Message:
    context = item.get("ctx") or {}
    kind = KINDS.get(item["type"])
    if item["type"] == "value_error":
        kind = str(context.get("error", "invalid"))  # our own validators name their sentence
    bound = next((context[name] for name in BOUNDS if name in context), ", ".join(keys))
    value = item.get("input")
    # What stands in a log-in's table, or under a key that we do not know, may be a password in the wrong
    # place.
    secret = item["loc"][:1] == ("credential",) or item["type"] == "extra_forbidden"
    plain = isinstance(value, str | int | float | bool) and len(repr(value)) < MAX_SHOWN
    shown = without_logins(repr(value)) if plain and not secret else "…"
    place = _key(item["loc"])
    return message(f"config.{kind or 'invalid'}", path=str(path), place=place, bound=str(bound), given=shown)


def _keys_beside(model: type[CheckedTable], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys of the table in which something stands."""
    for piece in location[:-1]:
        by_key = {field.alias or name: field for name, field in model.model_fields.items()}
        if piece in by_key:
            model = next(_tables_in(by_key[str(piece)].annotation), model)
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _tables_in(annotation: Any) -> Iterator[type[CheckedTable]]:
    if isinstance(annotation, type) and issubclass(annotation, CheckedTable):
        yield annotation
    for part in get_args(annotation):
        yield from _tables_in(part)


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for piece in location:
        if isinstance(piece, int):
            text += f"[{piece}]"
        else:
            text += f".{piece}" if text else piece
    return text or "(file)"
