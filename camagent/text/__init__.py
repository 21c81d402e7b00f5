"""Every sentence a user meets, in Vietnamese and English. Pure but for reading its own catalogues once."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from camagent.model.text import Filling, Localised, Message

LANGUAGES = ("vi", "en")


_PLACE = Path(__file__).parent  # importlib.resources would bring zipfile, tempfile and inspect to every start


class _Sentences(dict[str, str]):
    """Sentences of one language; an area is read when the first of its keys is asked for."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._lang = lang
        self._read: set[str] = set()

    def __missing__(self, key: str) -> str:
        area = key.partition(".")[0]
        if area in self._read or not area.isidentifier():
            raise KeyError(key)
        self.read(area)
        return self[key]

    def read(self, area: str) -> None:
        """Add an area's sentences, once."""
        if area in self._read:
            return
        path = _PLACE / f"{area}.{self._lang}.toml"
        if path.is_file():
            self.update(_flat(area, tomllib.loads(path.read_text(encoding="utf-8"))))
        self._read.add(area)  # last: who is interrupted has to say so, in words of this very area


@cache
def _sentences(lang: str) -> _Sentences:
    return _Sentences(lang)


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All sentences of one language, keyed `area.name`; one file an area: `AREA.LANG.toml`."""
    sentences = _sentences(lang)
    for area in _areas():
        sentences.read(area)
    return sentences


@cache
def _areas() -> tuple[str, ...]:
    return tuple(sorted({path.name.partition(".")[0] for path in _PLACE.glob("*.toml")}))


def render(message: Message, lang: str) -> str:
    """The sentence in that language; numbers are written as that language writes them (2,5 in Vietnamese).

    Raises: KeyError for a key or gap that the catalogue does not have: our bug, caught by the parity tests.
    """
    return _filled(_sentences(lang)[message.key], lang, dict(message.args))


def say(key: str, lang: str, **args: Filling) -> str:
    """`render` for a sentence made where it is printed."""
    return _filled(_sentences(lang)[key], lang, args)


def _filled(sentence: str, lang: str, args: Mapping[str, Filling]) -> str:
    """A sentence without gaps is itself: a city's list asks for a word of the catalogue half a million
    times."""
    if "{" not in sentence and "}" not in sentence:
        return sentence
    return _Formatter(lang).vformat(sentence, (), args)


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


def numbered(number: str, forms: str) -> str:
    """The number with the word that agrees with it: of "|camera asks|cameras ask" one asks, two ask.

    "~|is|are" is the word alone, where the number stands elsewhere. Vietnamese has no plural and needs none.
    """
    shown, one, many = forms.split("|")
    word = one if number == "1" else many
    return word if shown == "~" else f"{number} {word}"


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
            from camagent.text.moments import moment_text  # a start that says no time needs none of it

            return moment_text(value, self._lang)
        format_spec, forms = ("", format_spec) if "|" in format_spec else (format_spec, "")
        if isinstance(value, float) and not format_spec:
            format_spec = ".4g" if abs(value) < 10_000 else ".0f"
        text = format(value, format_spec) if not isinstance(value, str) else value
        text = text.replace(".", ",") if self._lang == "vi" and isinstance(value, float) else text
        return numbered(text, forms) if forms else text
