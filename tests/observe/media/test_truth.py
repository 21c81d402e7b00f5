"""A few of the random senders of the bench of truth (`bench/truth.py`): no figure is wrong, nobody is buried
alive."""

from __future__ import annotations

import random

import pytest

from bench.truth import KINDS, Tally, judge, trial
from bench.truth_senders import frames


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("lying, ")])
def test_a_sample_of_random_senders_is_measured_right(kind: str) -> None:
    """Rates and GOPs beside 3 % and outside their uncertainty, deaths and lives: none in the first of the
    seed."""
    tally, notes = Tally(), list[str]()
    for number in range(25):
        judge(trial(kind, number), tally, notes)
    assert not [note for note in notes if "bits_wrong" not in note]  # a bit rate's interval is not certain
    assert tally.trials == 25
    assert kind != "slow line" or tally.slow_told >= 20
    assert kind != "slow in part" or tally.slow_told >= 15
    assert kind != "lying" or tally.by_arrivals >= 20
    assert not kind.startswith("honest") or (tally.slow_told, tally.by_arrivals) == (0, 0)


def test_a_trial_is_the_same_whenever_it_is_drawn() -> None:
    first, again = trial("honest", 7), trial("honest", 7)
    assert first.camera == again.camera
    other = trial("honest", 8)
    assert first.camera != other.camera


def test_senders_do_what_they_are_drawn_for() -> None:
    lying = trial("lying", 3).camera
    assert abs(lying.speed - 1) >= 0.03
    sent = frames(random.Random(1), trial("honest", 3).camera)
    assert len(sent) > 10 and any(frame.key for frame in sent)
