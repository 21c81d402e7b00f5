"""A file of a few kilobytes that claims enormous pictures: FFmpeg must not decode them where it opens it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LIMIT_BYTES = 120_000_000  # an interpreter with FFmpeg and numpy takes 60 MB; the picture alone took 690

OPEN = """
import re, sys
from pathlib import Path
from camagent.model.stream import FileTarget
from camagent.observe.media_files import FileOptions, watch_file
facts = watch_file(FileTarget(Path(sys.argv[1])), FileOptions(pictures=0), lambda *_: None)
declared = facts.declared
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(int(peak[1]) * 1024, declared and declared.width_px)
"""


def exp_golomb(value: int) -> str:
    digits = bin(value + 1)[2:]
    return "0" * (len(digits) - 1) + digits


def nal(header: int, bits: str) -> bytes:
    """One NAL unit behind its start code, with the bytes that keep start codes out of it."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    body, zeros = bytearray(), 0
    for at in range(0, len(bits), 8):
        value = int(bits[at : at + 8], 2)
        if zeros >= 2 and value <= 3:
            body.append(3)
            zeros = 0
        body.append(value)
        zeros = 0 if value else zeros + 1
    return b"\0\0\0\1" + bytes([header]) + bytes(body)


def enormous(width_px: int, height_px: int) -> bytes:
    """H.264 baseline by hand: parameter sets that claim the size, and ten slices that decode to nothing."""
    ue = exp_golomb
    size = ue(width_px // 16 - 1) + ue(height_px // 16 - 1)
    sps = f"{66:08b}{0:08b}{62:08b}" + ue(0) + ue(0) + ue(2) + ue(1) + "0" + size + "1100"
    pps = ue(0) + ue(0) + "00" + ue(0) * 3 + "0001111" + "00"
    piece = ue(0) + ue(7) + ue(0) + "0000" + ue(0) + "001" + ue(1) + ue(25) + "000" + "10" * 1600
    return nal(0x67, sps) + nal(0x68, pps) + nal(0x65, piece) * 10


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told otherwise there")
@pytest.mark.parametrize("size", [(16384, 8704), (8192, 4320)])
def test_opening_a_file_decodes_none_of_its_pictures(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "x.h264"
    path.write_bytes(enormous(*size) * 2)
    run = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    peak, width = run.stdout.split()
    assert int(peak) < LIMIT_BYTES and width == str(size[0]), run.stdout
