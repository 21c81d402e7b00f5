"""Keyframes on their way to the decoder, and how much memory they may take. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PICTURE_BYTES = 8 * 1024 * 1024  # of one keyframe: a 4K intra picture at the best quality is under 6 MB
# of all watches together: 256 cameras with two heavy keyframes (165 kB) take 84 MB
MAX_HELD_BYTES = 96 * 1024 * 1024


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


class PictureKeeper:
    """The keyframes of one stream that are wanted, each the first after its time; read `pictures`."""

    def __init__(self, wanted_s: tuple[float, ...], memory: PictureMemory) -> None:
        """`wanted_s`: from when on each is wanted, counted from the first frame."""
        self.pictures: list[KeptPicture] = []
        self.payloads: list[bytes] | None = None
        """Of the frame that is arriving; None: it is not kept."""
        self._wanted_s = wanted_s
        self._memory = memory
        self._held_bytes = 0
        """By finished pictures."""
        self._kept_bytes = 0
        """By `payloads`."""
        self._began_s: float | None = None

    def begin(self, now_s: float) -> None:
        """A frame begins: it is kept, if it turns out to be a keyframe and one is wanted by now."""
        if self.payloads is not None:
            self.drop()
        if self._began_s is None:
            self._began_s = now_s
        kept = len(self.pictures)
        if kept < len(self._wanted_s) and now_s >= self._began_s + self._wanted_s[kept]:
            self.payloads = []

    def keep(self, payload: bytes) -> None:
        """One more payload of the frame that is arriving, where that one is kept."""
        if self.payloads is None:
            return
        if self._kept_bytes + len(payload) > MAX_PICTURE_BYTES or not self._memory.take(len(payload)):
            self.drop()
        else:
            self._kept_bytes += len(payload)
            self.payloads.append(payload)

    def drop(self) -> None:
        """The frame that is arriving is not to be kept."""
        self._memory.give_back(self._kept_bytes)
        self.payloads, self._kept_bytes = None, 0

    def finish(self, is_whole_keyframe: bool, arrival_s: float) -> None:
        """The frame that was arriving is here: a picture, or nothing that is wanted."""
        if self.payloads and is_whole_keyframe:
            self.pictures.append(KeptPicture(tuple(self.payloads), arrival_s))
            self._held_bytes += self._kept_bytes
            self.payloads, self._kept_bytes = None, 0
        self.drop()

    def hand_over(self) -> list[KeptPicture]:
        """The pictures so far; they are the caller's from now on, and no more are kept."""
        pictures, self.pictures, self._wanted_s = self.pictures, [], ()
        self._memory.give_back(self._held_bytes)
        self._held_bytes = 0
        return pictures
