"""Groups taken apart into pairs, for tables that are written by group and asked by member. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def pairs_of(groups: Mapping[K, Iterable[V]]) -> Iterator[tuple[K, V]]:
    """(key, member) for every member of every group, in order."""
    for key, members in groups.items():
        for member in members:
            yield key, member
