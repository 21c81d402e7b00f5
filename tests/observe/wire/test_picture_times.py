"""When keyframes are taken: never at the same place of the simulator's clips, whose pictures would look
frozen."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from camagent.observe.rtsp.window_plan import picture_times_s

CLIPS = json.loads((Path(__file__).parents[3] / "sample_streams" / "index.json").read_text())
LIVING = [name for name, clip in CLIPS.items() if clip["note"] == "scene" and len(clip["keyframes"]) > 1]


@pytest.mark.parametrize("window_s", [5.0, 10.0])
@pytest.mark.parametrize("name", LIVING)
def test_two_pictures_of_a_looped_clip_are_two_moments(name: str, window_s: float) -> None:
    """Whenever in the clip the watch begins, and with a tenth of a second of jitter."""
    clip = CLIPS[name]
    rate_hz, frames = clip["frame_rate_hz"], len(clip["frame_sizes_bytes"])
    loop_s, keyframes_s = frames / rate_hz, [place / rate_hz for place in clip["keyframes"]]
    endless_s = [turn * loop_s + place_s for turn, place_s in product(range(30), keyframes_s)]
    for step in range(round(loop_s * 20)):
        began_s = step / 20
        taken_s: list[float] = []
        for wanted_s in picture_times_s(window_s, 2):
            taken_s.append(next(t for t in endless_s if t >= began_s + wanted_s and t not in taken_s))
        assert taken_s[1] - taken_s[0] <= window_s
        assert round(taken_s[0] % loop_s, 3) != round(taken_s[1] % loop_s, 3), (began_s, taken_s)


def test_more_pictures_than_fit_are_spread_evenly() -> None:
    assert picture_times_s(10.0, 5) == (0.0, 2.0, 4.0, 6.0, 8.0)
    assert picture_times_s(10.0, 0) == ()
