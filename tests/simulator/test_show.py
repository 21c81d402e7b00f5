"""The simulator's clips show what they are called after; those that need a reference are told with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camagent.model.stream import FileTarget, ImageFacts, PictureNumbers
from camagent.observe.media_files import FileOptions, watch_file
from camagent.observe.picture.reference import compared
from camagent.simulator.clips import clip_folder, clip_names
from tests.observe.media.looking import look

SHOWN = [name for name in clip_names() if name.startswith("show_")]
NEED_REFERENCE = ("partly_covered", "monochrome", "moved", "upside_down")
ALONE = [name for name in SHOWN if name.removeprefix("show_") not in ("sound", *NEED_REFERENCE)]


def image(name: str) -> ImageFacts:
    file = json.loads((clip_folder() / "index.json").read_text())[name]["file"]
    picture = watch_file(FileTarget(Path(clip_folder() / file)), FileOptions(), look).image
    assert isinstance(picture, ImageFacts)
    return picture


@pytest.mark.parametrize("name", ALONE)
def test_a_clip_shows_its_condition(name: str) -> None:
    picture = image(name)
    assert picture.conditions[:1] == (name.removeprefix("show_"),), (picture.conditions, dict(picture.scores))


@pytest.fixture(scope="module")
def sound() -> PictureNumbers:
    """The scene of all these clips as it should look."""
    looks_right = image("show_sound")
    assert (looks_right.conditions, looks_right.unsure) == ((), ()) and looks_right.numbers is not None
    return looks_right.numbers


@pytest.mark.parametrize("condition", NEED_REFERENCE)
def test_with_a_reference_the_others_are_told(condition: str, sound: PictureNumbers) -> None:
    picture = image(f"show_{condition}")
    assert picture.numbers is not None
    assert compared(picture.numbers, [sound], daylight=True) == (condition,)
    assert picture.conditions == ()


def test_the_first_camera_shows_what_was_asked_for() -> None:
    from camagent.cli.simulate import _showing
    from camagent.model.operator_error import OperatorError
    from camagent.simulator.default_school import default_school

    camera = default_school(1, "Sim-password7")[0]
    for name in (*SHOWN, "show_black", "show_frozen", "show_blurred"):
        main, *others = _showing(camera, name.removeprefix("show_")).streams
        assert name.removeprefix("show_") in main.clip_name and main.claim.width_px
        assert others == list(camera.streams[1:])
    with pytest.raises(OperatorError):
        _showing(camera, "sleepy")
