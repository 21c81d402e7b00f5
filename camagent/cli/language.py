"""The language of this run, settled before any command is built, because help texts need it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from camagent.model.text import Filling, Message
from camagent.text import LANGUAGES, render, say

DEFAULT_LANGUAGE = "vi"  # our users are school technicians in Ho Chi Minh City


def requested_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What a person asked for: `--lang` wherever it stands, else CAMAGENT_LANG; None: nothing."""
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments) and arguments[index + 1] in LANGUAGES:
            return arguments[index + 1]
        if argument.startswith("--lang=") and argument[7:] in LANGUAGES:
            return argument[7:]
    return _language(environment, "CAMAGENT_LANG")


def choose_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What was asked for, else the locale, else Vietnamese."""
    asked = requested_language(arguments, environment)
    return asked or _language(environment, "LC_ALL", "LC_MESSAGES", "LANG") or DEFAULT_LANGUAGE


def _language(environment: Mapping[str, str], *names: str) -> str | None:
    words = (environment.get(name, "")[:2].lower() for name in names)
    return next((word for word in words if word in LANGUAGES), None)


_chosen = [choose_language(sys.argv[1:], os.environ)]


def set_language(lang: str) -> None:
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
