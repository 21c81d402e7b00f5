"""MP4 files of two kilobytes whose tables claim millions of pictures: opening one takes little."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.each import slow_but

LIMIT_MB = 200  # an interpreter with FFmpeg and numpy takes 60 MB; without a bound these took 350 to 4,000
PICTURES = 80_000_000

OPEN = """
import sys
from pathlib import Path
from camagent.model.fault import Fault
from camagent.model.stream import FileTarget
from camagent.observe.media_files import FileOptions, watch_file
from tests.peak import peak_mb
facts = watch_file(FileTarget(Path(sys.argv[1])), FileOptions(pictures=0), lambda *_: None)
print(peak_mb() if isinstance(facts.measured, Fault) else "it was measured", flush=True)
bytearray(400_000_000)
"""


def box(kind: bytes, *content: bytes) -> bytes:
    whole = b"".join(content)
    return struct.pack(">I4s", 8 + len(whole), kind) + whole


def table(kind: bytes, *numbers: int, flags: int = 0) -> bytes:
    return box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers))


def film(sizes: bytes, chunks: bytes, offsets: bytes, more: bytes = b"") -> bytes:
    """The head of an MP4 file with one H.264 track and these tables."""
    picture = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">2H", 640, 360) + bytes(50)
    sets = b"\1\x42\0\x1e\xff\xe1\0\x0a\x67\x42\0\x1e\x95\xa0\x50\x16\xe8\x40\1\0\4\x68\xce\x3c\x80"
    kind = box(b"stsd", struct.pack(">2I", 0, 1), box(b"avc1", picture, box(b"avcC", sets)))
    times = table(b"stts", 1, 0x7FFFFFFF, 3600)
    home = box(b"dinf", table(b"dref", 1) + table(b"url ", flags=1))
    media = box(b"minf", table(b"vmhd", 0, 0), home, box(b"stbl", kind, times, chunks, sizes, offsets))
    handler = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    track = box(
        b"trak",
        table(b"tkhd", 0, 0, 1, *[0] * 17, flags=3),
        box(b"mdia", table(b"mdhd", 0, 0, 90_000, 0, 0), handler, media),
    )
    return box(b"ftyp", b"isom\0\0\2\0isom") + box(
        b"moov", table(b"mvhd", 0, 0, 1000, *[0] * 21), track, more
    )


FRAGMENTED = film(
    table(b"stsz", 0, 0), table(b"stsc", 0), table(b"stco", 0), box(b"mvex", table(b"trex", 1, 1, 3600, 1, 0))
)
RUN = table(b"trun", PICTURES, 0, flags=1)
FRAGMENT = box(b"moof", table(b"mfhd", 1), box(b"traf", table(b"tfhd", 1, 1, flags=0x10), RUN))
HOSTILE = {
    "a fragment": FRAGMENTED + FRAGMENT + box(b"mdat", bytes(1000)),
    "one size for all": film(
        table(b"stsz", 1, 9_000_000), table(b"stsc", 1, 1, 9_000_000, 1), table(b"stco", 1, 40)
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is not bounded elsewhere")
@pytest.mark.parametrize("content", slow_but("a fragment", HOSTILE))
def test_opening_it_takes_little_and_leaves_no_bound_behind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    assert len(content) < 2000
    run = subprocess.run([sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, check=True)
    assert int(run.stdout) < LIMIT_MB
