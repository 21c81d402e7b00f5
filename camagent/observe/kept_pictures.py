"""Keyframes on their way to the decoder, and how much memory they may take. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PICTURE_BYTES = 8 * 1024 * 1024  # of one keyframe: a 4K intra picture at the best quality is under 6 MB
MAX_HELD_BYTES = (
    96 * 1024 * 1024
)  # of all watches together: 256 cameras with two heavy keyframes (165 kB) take 84 MB


class PictureMemory:
    """How much all watches of one loop may hold of pictures that nobody has decoded yet."""

    def __init__(self, limit_bytes: int = MAX_HELD_BYTES) -> None:
        self._left_bytes = limit_bytes

    def take(self, size_bytes: int) -> bool:
        """True where there is room; it is then the caller's until it gives it back."""
        if size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """The bytes are no longer held."""
        self._left_bytes += size_bytes


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """The payloads of one whole keyframe."""

    payloads: tuple[bytes, ...]
    arrival_s: float
