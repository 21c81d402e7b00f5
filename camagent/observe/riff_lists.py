"""Whether a file of RIFF lists, as an AVI is, ends where its last list does."""

from __future__ import annotations

from typing import BinaryIO

MAX_LISTS = 1000  # a list of OpenDML holds a gigabyte
_HEAD_BYTES = 8


def are_whole(file: BinaryIO) -> bool:
    """Every list is as long as it says; False where the file ends inside one, or none was stated.

    Moves the file's place. Source: Multimedia Programming Interface 1.0 (RIFF), OpenDML AVI 1.02.
    """
    end = file.seek(0, 2)
    place, lists = 0, 0
    while place + _HEAD_BYTES <= end and lists < MAX_LISTS:
        file.seek(place)
        head = file.read(_HEAD_BYTES)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or not size:  # a recorder writes the length when it ends the file
            break
        place += _HEAD_BYTES + size + size % 2
        lists += 1
    return 0 < lists < MAX_LISTS and place - 1 <= end  # the last byte of padding is often left out
