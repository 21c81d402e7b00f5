"""Values as JSON and back: what is written comes back, what is not ours is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.json_form import MAX_ITEMS, JsonFormError, from_json, to_json
from tests import builders
from tests.floor import judged, not_vacuous


@dataclass(frozen=True)
class Inner:
    size: tuple[int, int]
    data: bytes = b""


@dataclass(frozen=True)
class Outer:
    at: datetime
    code: FaultCode
    inner: Inner | None
    names: tuple[str, ...] = ()
    rate: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    either: Inner | Fault | None = None


FULL = Outer(
    datetime(2026, 11, 23, tzinfo=UTC),
    FaultCode.BUSY,
    Inner((1, 2), b"\x00\xff"),
    ("a", "Cổng"),
    25.0,
    {"blurred": 0.5},
    builders.fault(),
)
PLAIN: dict[str, Any] = json.loads(json.dumps(to_json(FULL)))


@pytest.mark.parametrize(
    "value",
    [
        FULL,
        builders.fault(),
        builders.tls_facts(),
        builders.device_facts().target,
        builders.measured_stream(),
    ],
)
def test_what_is_written_comes_back(value: Any) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value), allow_nan=False))) == value


def test_bytes_moments_and_words_have_their_usual_form() -> None:
    assert (
        PLAIN["inner"]["data"] == "00ff"
        and PLAIN["at"] == "2026-11-23T00:00:00+00:00"
        and PLAIN["code"] == "busy"
    )


def test_older_and_newer_versions_are_read() -> None:
    older = {key: PLAIN[key] for key in ("at", "code", "inner")}
    assert from_json(Outer, {**older, "later": [1]}) == Outer(FULL.at, FULL.code, FULL.inner)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"at": "yesterday"}, "at"),
        ({"at": 5}, "at"),
        ({"code": "no_such_code"}, "code"),
        ({"inner": {"size": [1]}}, "inner.size"),
        ({"inner": {"size": [1, 2, 3]}}, "inner.size"),
        ({"inner": {"size": [1, True]}}, "inner.size.1"),
        ({"inner": {"size": [1, 2.0]}}, "inner.size.1"),
        ({"inner": {"size": [1, 2], "data": "0"}}, "inner.data"),
        ({"inner": {}}, "inner.size"),
        ({"inner": 7}, "inner"),
        ({"names": "a"}, "names"),
        ({"names": {"a": 1}}, "names"),
        ({"names": ["a", None]}, "names.1"),
        ({"names": ["a"] * (MAX_ITEMS + 1)}, "names"),
        ({"rate": "25"}, "rate"),
        ({"rate": True}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"scores": {"x": "high"}}, "scores.x"),
        ({"scores": [1]}, "scores"),
        ({"either": {"code": "busy"}}, "either.stage"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(JsonFormError) as caught:
        from_json(Outer, PLAIN | change)
    assert str(caught.value) == place


@pytest.mark.parametrize("digits", [20, 400, 4000])
def test_a_number_that_no_float_holds_is_refused_with_its_place(digits: int) -> None:
    with pytest.raises(JsonFormError, match="^[a-z_.0-9]+$"):
        from_json(Fault, {"code": "busy", "stage": "observe", "doing": "PLAY", "elapsed_s": 10**digits})


@pytest.mark.parametrize("value", [None, 1, "x", [], [PLAIN]])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(JsonFormError):
        from_json(Outer, value)


def test_a_union_takes_the_member_that_fits() -> None:
    assert from_json(Outer, PLAIN | {"either": {"size": [1, 2]}}).either == Inner((1, 2))
    assert from_json(Outer, PLAIN | {"either": None}).either is None
    fault = {"code": "busy", "stage": "observe", "doing": "PLAY", "elapsed_s": 1}
    assert from_json(Outer, PLAIN | {"either": fault}).either == Fault(
        FaultCode.BUSY, Stage.OBSERVE, "PLAY", 1.0
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PLAIN, "size", "data"]), inner)
    ),
    max_leaves=8,
)


@not_vacuous(0.02)
@given(st.fixed_dictionaries({}, optional={key: st.just(right) | anything for key, right in PLAIN.items()}))
def test_anything_is_read_or_refused_and_what_is_read_can_be_written(change: dict[str, Any]) -> None:
    try:
        value = from_json(Outer, PLAIN | change)
    except JsonFormError:
        judged(False)
        return
    judged(True)
    assert from_json(Outer, to_json(value)) == value
