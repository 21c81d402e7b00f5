"""The language of this run, settled before any command is built, because help texts need it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from camagent.model.text import Filling, Message
from camagent.text import LANGUAGES, render, say

DEFAULT_LANGUAGE = "vi"  # our users are school technicians in Ho Chi Minh City


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """`--lang` wherever it stands, else CAMAGENT_LANG, else the locale, else Vietnamese."""
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments) and arguments[index + 1] in LANGUAGES:
            return arguments[index + 1]
        if argument.startswith("--lang=") and argument[7:] in LANGUAGES:
            return argument[7:]
    for name in ("CAMAGENT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")[:2].lower()
        if value in LANGUAGES:
            return value
    return DEFAULT_LANGUAGE


_chosen = [choose(sys.argv[1:], os.environ)]


def settle(lang: str) -> None:
    """Take another language from here on (the `--lang` option's callback, and tests)."""
    _chosen[0] = lang


def lang() -> str:
    """The language of this run: "vi" or "en"."""
    return _chosen[0]


def t(key: str, **args: Filling) -> str:
    """A sentence of the catalogue in the language of this run."""
    return say(key, lang(), **args)


def tm(message: Message) -> str:
    """A Message in the language of this run."""
    return render(message, lang())
