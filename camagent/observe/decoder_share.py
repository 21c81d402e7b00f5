"""How much of the machine the decoding process may take: threads, memory, the largest picture. Pure.

Where the service has a limit of memory (systemd's MemoryMax), half of it is the decoder's: a decoder that
wants more fails alone, before the kernel ends one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass

# two 8K decoders; a decoder that asks for more fails instead of swapping the PC
MAX_MEMORY_BYTES = 1_500_000_000
MAX_PICTURE_PX = 40_000_000  # 8K has 33 million; a parameter set that claims more only wants our memory
MAX_FRAME_BYTES = 56_000_000  # decoded, by size, depth and chroma: 8K of 8 bit 4:2:0
LEAST_FRAME_BYTES = 12_500_000  # 4K of 8 bit 4:2:0: what cameras of schools have at most
FRAMES_HELD = 5  # by one decoder, at most, while it decodes one picture
OWN_BYTES = 130_000_000  # data of the process before its first picture: 111 MB measured with two threads


@dataclass(frozen=True, slots=True)
class DecoderShare:
    """The bounds of one decoding process."""

    threads: int
    memory_bytes: int
    frame_bytes: int
    """Of one decoded picture; a larger one is not decoded."""


def decoder_share(limit_bytes: int | None, threads: int) -> DecoderShare:
    """Of a service with so much memory (None: no limit), and at most so many threads.

    A small limit costs threads first, then the size of pictures; one thread and 4K always have their room.
    """
    if limit_bytes is None:
        return DecoderShare(threads, MAX_MEMORY_BYTES, MAX_FRAME_BYTES)
    least = OWN_BYTES + FRAMES_HELD * LEAST_FRAME_BYTES
    memory = min(MAX_MEMORY_BYTES, max(least, limit_bytes // 2))
    room = memory - OWN_BYTES
    threads = max(1, min(threads, room // (FRAMES_HELD * LEAST_FRAME_BYTES)))
    return DecoderShare(threads, memory, min(MAX_FRAME_BYTES, room // (FRAMES_HELD * threads)))
