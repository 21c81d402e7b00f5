"""Every sentence a user meets, in Vietnamese and English. Pure but for reading its own catalogues once."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from camagent.model.text import Filling, Localised, Message

LANGUAGES = ("vi", "en")


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All sentences of one language, keyed `area.name`; one file an area: `AREA.LANG.toml`."""
    texts: dict[str, str] = {}
    for entry in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        area, _, rest = entry.name.partition(".")
        if rest == f"{lang}.toml":
            texts |= _flat(area, tomllib.loads(entry.read_text(encoding="utf-8")))
    return texts


def render(message: Message, lang: str) -> str:
    """The sentence in that language; numbers are written as that language writes them (2,5 in Vietnamese).

    Raises: KeyError for a key or gap that the catalogue does not have: our bug, caught by the parity tests.
    """
    return _Formatter(lang).vformat(catalogue(lang)[message.key], (), dict(message.args))


def say(key: str, lang: str, **args: Filling) -> str:
    """`render` for a sentence made where it is printed."""
    return _Formatter(lang).vformat(catalogue(lang)[key], (), args)


def both(message: Message) -> Localised:
    """The sentence in both languages, as the result document carries it."""
    return Localised(render(message, "vi"), render(message, "en"))


def _flat(prefix: str, table: Mapping[str, Any]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            texts |= _flat(f"{prefix}.{key}", value)
        else:
            texts[f"{prefix}.{key}"] = str(value)
    return texts


class _Formatter(string.Formatter):
    def __init__(self, lang: str) -> None:
        self._lang = lang

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        # No attribute and no index: a device-supplied text is only ever a value, and a catalogue needs no
        # more.
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return "?"
        if isinstance(value, Message):
            return render(value, self._lang)
        if isinstance(value, datetime):
            from camagent.text.quantities import moment_text  # which speaks through this module

            return moment_text(value, self._lang)
        if isinstance(value, float) and not format_spec:
            format_spec = ".4g" if abs(value) < 10_000 else ".0f"
        text = format(value, format_spec) if not isinstance(value, str) else value
        return text.replace(".", ",") if self._lang == "vi" and isinstance(value, float) else text
