r"""What others tell of the same clips: BRISQUE, camera-health, variance of Laplacian.

    uv run --no-project --with brisque==0.1.0 --with "scipy<1.14" --with camera-health \
        python -m bench.picture.contenders --folder DIR

DIR is the folder of `bench.picture.run`, which must have been run before. Each peer sees the last keyframe of
a clip, decoded by us; camera-health sees the one before it too. A score without a limit of its own (BRISQUE,
variance of Laplacian) gets the limit that 2 % of the choosing half's sound clips pass. The figures are those
of the other half. Writes bench/results/picture_contenders.json. BRISQUE takes 1.6 s a picture: half an hour.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from brisque import BRISQUE  # type: ignore[import-not-found]
from camera_health import check  # type: ignore[import-not-found]
from numpy.typing import NDArray

from bench.picture.run import wilson
from bench.picture.scenes import Clip
from camagent.observe.decode_worker import Decoder

RESULTS = Path(__file__).resolve().parents[1] / "results" / "picture_contenders.json"
ALARM_SHARE = 0.02  # of sound clips, the bar for warnings
OBVIOUS = 3  # strength, and above
FAULTS = {
    "black": {"darkness", "obstruction"},
    "underexposed": {"darkness"},
    "overexposed": {"overexposure"},
    "glare": {"overexposure"},
    "covered": {"obstruction", "darkness"},
    "blurred": {"defocus"},
    "motion_blur": {"defocus"},
    "sprayed": {"defocus", "obstruction"},
    "low_contrast": {"defocus", "overexposure"},
    "noisy": {"noise"},
    "cast": {"colour_cast"},
    "frozen": {"frozen"},
}
"""What of camera-health's names a technician would take for the condition."""

Picture = NDArray[np.uint8]


def pictures_of(clip: Clip, keyframes: Sequence[bytes]) -> list[Picture]:
    """The last two keyframes as BGR; fewer where they do not decode."""
    decoder, pictures = Decoder(), []
    for unit in keyframes[-2:]:
        frame = decoder.decode(clip.codec, unit)
        if frame is not None:
            pictures.append(frame.to_ndarray(format="bgr24"))
    return pictures


class Peers:
    """The three peers and what each said of each clip."""

    def __init__(self) -> None:
        self._brisque = BRISQUE(url=False)
        self.scores: dict[str, dict[int, list[tuple[Clip, float]]]] = defaultdict(lambda: defaultdict(list))
        self.faults: list[tuple[Clip, set[str]]] = []
        self.costs_s: dict[str, list[float]] = defaultdict(list)

    def ask(self, clip: Clip, half: int, pictures: Sequence[Picture]) -> None:
        """One clip."""
        last = pictures[-1]
        grey = cv2.cvtColor(last, cv2.COLOR_BGR2GRAY)
        laplacian = self._timed("variance_of_laplacian", lambda: float(cv2.Laplacian(grey, cv2.CV_32F).var()))
        brisque = self._timed("brisque", lambda: float(self._brisque.score(last[..., ::-1])))
        self.scores["variance_of_laplacian"][half].append((clip, -laplacian))
        self.scores["brisque"][half].append((clip, brisque))
        if half == 1:
            before = pictures[-2][..., ::-1] if len(pictures) > 1 else None
            health = self._timed("camera_health", lambda: check(last[..., ::-1], previous=before))
            self.faults.append((clip, {fault.kind for fault in health.faults}))

    def _timed(self, name: str, call: Any) -> Any:
        began_s = time.thread_time()
        answer = call()
        self.costs_s[name].append(time.thread_time() - began_s)
        return answer

    def summary(self) -> dict[str, Any]:
        """Of every peer: alarms on sound clips, right at obvious strengths, CPU."""
        tables = {name: _limited(halves[0], halves[1]) for name, halves in self.scores.items()}
        tables["camera_health"] = _named(self.faults)
        for name, table in tables.items():
            table["cpu_ms_median"] = round(1000 * float(np.median(self.costs_s[name])), 1)
        return tables


def _limited(
    choosing: Sequence[tuple[Clip, float]], reported: Sequence[tuple[Clip, float]]
) -> dict[str, Any]:
    """A score that has no limit of its own: a higher one is worse."""
    sound = sorted(score for clip, score in choosing if clip.condition == "sound")
    limit = sound[int(len(sound) * (1 - ALARM_SHARE))]
    return _table([(clip, score > limit) for clip, score in reported]) | {"limit": round(abs(limit), 2)}


def _named(faults: Sequence[tuple[Clip, set[str]]]) -> dict[str, Any]:
    """camera-health: an alarm on a sound clip is any fault, a right answer one that fits."""
    return _table(
        [
            (clip, bool(kinds if clip.condition == "sound" else kinds & FAULTS.get(clip.condition, set())))
            for clip, kinds in faults
        ]
    )


def _table(answers: Sequence[tuple[Clip, bool]]) -> dict[str, Any]:
    right, of = Counter[str](), Counter[str]()
    for clip, is_alarm in answers:
        if clip.condition == "sound" or clip.strength >= OBVIOUS:
            right[clip.condition] += is_alarm
            of[clip.condition] += 1
    alarms, sound = right.pop("sound", 0), of.pop("sound", 0)
    return {
        "sound_clips": sound,
        "alarms": {"clips": alarms, "percent_95": wilson(alarms, sound)},
        "right_at_obvious_strength": {name: f"{right[name]}/{of[name]}" for name in sorted(of)},
    }


def main() -> None:
    """Read the clips, ask, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sound-every", type=int, default=3, help="of the sound clips, one in so many")
    options = parser.parse_args()
    peers = Peers()
    for file in sorted((options.folder / "clips").glob("*.pkl")):
        clip, half, keyframes = pickle.loads(file.read_bytes())
        if clip.condition == "sound" and clip.seed % options.sound_every:
            continue
        if half == 0 and clip.condition != "sound":
            continue  # the choosing half is asked for its sound clips only
        pictures = pictures_of(clip, keyframes)
        if pictures:
            peers.ask(clip, half, pictures)
    summary = peers.summary()
    RESULTS.write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n")
    print(json.dumps(summary, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
