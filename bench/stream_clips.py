"""Streams for the bench that are too large for the repository: made on first use and kept in a temporary
folder. 4K, and 1080p with keyframes of a real camera's size (200 kB in H.264, 139 kB in H.265).

`python -m bench.stream_clips NAME STREAMS PORT [paced]` serves one as `camagent simulate --load` serves its
own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from unittest import mock

from camagent.simulator import clips
from camagent.simulator.load import LoadOrder, open_load
from sample_streams.make import Recipe, make_clip

FOLDER = Path(tempfile.gettempdir()) / "camagent-bench-clips"
LARGE = {
    recipe.name: recipe
    for recipe in (
        Recipe("heavy_1080p_h264", "h264", 1920, 1080, 25, 50, 8_000_000, 50, seed=27),
        Recipe("heavy_1080p_h265", "h265", 1920, 1080, 25, 50, 8_000_000, 50, seed=27, grain=5),
        Recipe("load_2160p_h264", "h264", 3840, 2160, 25, 50, 12_000_000, 50, seed=25),
        Recipe("load_2160p_h265", "h265", 3840, 2160, 25, 50, 8_000_000, 50, seed=26),
    )
}


def make(name: str) -> Path:
    """The folder with that clip and its index, made where it is not there yet."""
    folder = FOLDER / name
    index = folder / clips.INDEX
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        entry = make_clip(LARGE[name], folder)
        index.write_text(json.dumps({name: entry}))
    return folder


async def serve(order: LoadOrder) -> None:
    async with open_load(order):
        print("ready", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    name, streams, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # The simulator reads its clips from one folder of its own; here it is another.
    with mock.patch.object(clips, "clip_folder", return_value=make(name)):
        asyncio.run(serve(LoadOrder(streams, name, "paced" in sys.argv[4:], port=port)))


if __name__ == "__main__":
    main()
