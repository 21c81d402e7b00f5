"""The rule by which Windows' findings are held against Linux' must itself find what differs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.windows.agreement import differences, kept_up

ROW = {
    "rule": "IMG-BITRATE",
    "stream": "main",
    "outcome": "pass",
    "observed": 1_600_000.0,
    "uncertainty": 200_000.0,
    "message": {"en": "-"},
}
CAMERA = {
    "device": {"serial": "S1"},
    "verdict": "ready",
    "streams": [{"measured": {"codec": "h264", "limits": []}, "image": {"conditions": []}}],
    "findings": [ROW, ROW | {"rule": "CON-ONVIF", "observed": True, "uncertainty": None}],
}


def document(*path: object, value: object) -> dict[str, Any]:
    """The camera with one value changed."""
    camera: Any = copy.deepcopy(CAMERA)
    place = camera
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return {"cameras": [camera]}


SAME = document("verdict", value="ready")


def test_equal_documents_agree() -> None:
    assert differences(SAME, copy.deepcopy(SAME)) == [] and kept_up(SAME)


@pytest.mark.parametrize(
    "other",
    [
        document("device", "serial", value="S2"),
        document("verdict", value="not_ready"),
        document("streams", 0, "measured", "codec", value="h265"),
        document("streams", 0, "image", "conditions", value=["black"]),
        document("findings", 1, "outcome", value="fail"),
        document("findings", 1, "outcome", value="not_assessed"),
        document("findings", 0, value=ROW | {"outcome": "warn", "observed": 900_000.0}),
        document("findings", value=[ROW]),
    ],
)
def test_each_kind_of_contradiction_is_named(other: dict[str, Any]) -> None:
    assert len(differences(SAME, other)) == 1


def test_two_moments_of_one_stream_agree_within_their_uncertainty() -> None:
    other = document("findings", 0, value=ROW | {"outcome": "warn", "observed": 1_300_000.0})
    assert differences(SAME, other) == []


def test_what_was_not_assessed_for_want_of_time_contradicts_nothing_but_a_failure_does() -> None:
    late = document("findings", 1, "outcome", value="not_assessed")
    late["cameras"][0]["streams"][0]["measured"]["limits"] = ["decode_queue"]
    late["cameras"][0]["verdict"] = "undetermined"
    assert not kept_up(late) and differences(SAME, late) == []
    late["cameras"][0]["findings"][1]["outcome"] = "fail"
    assert len(differences(SAME, late)) == 1
