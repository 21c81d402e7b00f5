"""The real decoding process, but some pictures hang it, crash it, or make it talk nonsense. Run by
`test_decode`."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any

from camagent.observe import decode_worker

_judge = decode_worker.judge_pictures


def _judge_badly(decoder: Any, codec: str, pictures: Any, kept: Any = None) -> Any:
    text = b"".join(pictures)
    if b"HANG" in text:
        time.sleep(1000)
    if b"CRASH" in text:
        ctypes.string_at(0)  # reads address 0: a real segmentation fault, in this very thread
    if b"RAISE" in text:
        raise RuntimeError("a bug of ours")
    if b"MEMORY" in text:
        raise MemoryError
    if b"PLACE" in text:
        answer = b'{"id": 2, "defect": "RuntimeError pattern.py:1\\n<script>"}'
        os.write(sys.stdout.fileno(), len(answer).to_bytes(4, "big") + answer)
    if b"NONSENSE" in text:
        os.write(sys.stdout.fileno(), b"\x00\x00\x00\x07" + b"{'id':}")
    if b"BABBLE" in text:
        os.write(sys.stdout.fileno(), b"\xff" * 100)
    return _judge(decoder, codec, pictures, kept)


decode_worker.judge_pictures = _judge_badly
if __name__ == "__main__":
    decode_worker.main()
