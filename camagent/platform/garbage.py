"""When Python's garbage collector runs: not while a program loads, because hardly anything is garbage
then."""

from __future__ import annotations

import gc

# new objects that must be there before Python looks through them; a check of one camera loads 0.1 million
WHILE_LOADING = 500_000
_USUAL = gc.get_threshold()


def rest_while_loading() -> None:
    """Look for garbage rarely, until `look_as_usual`.

    To look through what imports leave takes a twentieth of a short command.
    """
    gc.set_threshold(WHILE_LOADING, *_USUAL[1:])


def look_as_usual() -> None:
    """After `rest_while_loading`: look as often as Python does, and no more through what is there already."""
    if gc.get_threshold()[0] == WHILE_LOADING:
        gc.freeze()
        gc.set_threshold(*_USUAL)
