"""What was not checked, told by its reason: two hundred addresses of one kind are one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from camagent.document.model import NotCheckedView
from camagent.document.wording import reason_text


@dataclass(frozen=True, slots=True)
class UncheckedAddresses:
    """Addresses that were not checked for the same reason."""

    why: str
    addresses: tuple[str, ...]


def missed_groups(not_checked: Iterable[NotCheckedView], lang: str) -> tuple[UncheckedAddresses, ...]:
    """By reason, what may hide a camera first, then the largest group; what is known to be none comes
    last."""
    groups: dict[str, list[str]] = {}
    for row in not_checked:
        groups.setdefault(row.why, []).append(row.address)
    order = sorted(groups, key=lambda why: (why == "not_a_camera", -len(groups[why]), why))
    return tuple(UncheckedAddresses(reason_text(why, lang), tuple(groups[why])) for why in order)
