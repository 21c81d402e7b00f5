"""When two checks of one camera say the same, although they watched it at different moments."""

from __future__ import annotations

from typing import Any

STATIC = ("codec", "codec_profile", "codec_level", "width_px", "height_px")
"""Facts of a stream that no moment changes."""


def kept_up(document: dict[str, Any]) -> bool:
    """The machine that measured says of every stream that it could follow it."""
    return not any(_limits(document["cameras"][0]))


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Where two result documents of one camera contradict each other; empty where they agree.

    Two measurements agree where the intervals that they give themselves overlap: a stream whose GOPs differ
    has another bit rate five seconds later, on every system. What a check did not assess because its machine
    could not keep up contradicts nothing. All else must be equal.
    """
    here, there = one["cameras"][0], other["cameras"][0]
    complete = kept_up(one) and kept_up(other)
    pairs = {"device": (here["device"], there["device"]), "streams": (_static(here), _static(there))}
    if complete:
        pairs["verdict"] = (here["verdict"], there["verdict"])
        pairs["conditions"] = (_conditions(here), _conditions(there))
    unequal = [f"{name}: {first} != {second}" for name, (first, second) in pairs.items() if first != second]
    mine, theirs = _findings(here), _findings(there)
    unequal += [f"only one has {key}" for key in sorted(mine.keys() ^ theirs.keys())]
    for key in sorted(mine.keys() & theirs.keys()):
        if not _agree(mine[key], theirs[key], complete):
            unequal.append(f"{key}: {_said(mine[key])} != {_said(theirs[key])}")
    return unequal


def _limits(camera: dict[str, Any]) -> list[Any]:
    return [(stream["measured"] or {}).get("limits") for stream in camera["streams"]]


def _static(camera: dict[str, Any]) -> list[dict[str, Any]]:
    measured = [stream["measured"] or {} for stream in camera["streams"]]
    return [{key: row.get(key) for key in STATIC} for row in measured]


def _conditions(camera: dict[str, Any]) -> list[Any]:
    return [(stream["image"] or {}).get("conditions") for stream in camera["streams"]]


def _findings(camera: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{row['rule']} {row['stream']}": row for row in camera["findings"]}


def _agree(one: dict[str, Any], other: dict[str, Any], complete: bool) -> bool:
    outcomes = {one["outcome"], other["outcome"]}
    return len(outcomes) == 1 or _overlap(one, other) or (not complete and "not_assessed" in outcomes)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Both are numbers with an uncertainty, and lie no further apart than that."""
    values = (one["observed"], other["observed"], one["uncertainty"], other["uncertainty"])
    if not all(isinstance(value, int | float) for value in values):
        return False
    return bool(abs(values[0] - values[1]) <= values[2] + values[3])


def _said(row: dict[str, Any]) -> str:
    return f"{row['outcome']} {row['observed']} ±{row['uncertainty']} ({row['message']['en']})"
