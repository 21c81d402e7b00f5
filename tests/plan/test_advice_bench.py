"""The bench of advice stays without a wrong replacement or certainty, on devices of another seed too."""

from __future__ import annotations

import json

import pytest

from bench.advice import QUESTIONS, ROOT, generate, measure


@pytest.mark.parametrize("seed", [7])
def test_generated_devices_are_advised_right(seed: int) -> None:
    result = measure(generate(120, seed))
    total = result["total"]
    assert total["devices"] == 120 and total["replace"] > 10
    assert (total["wrong_replace"], total["wrong_certain"]) == (0, 0), result["otherwise"]
    assert total["right"] >= 0.98 * total["devices"], result["otherwise"]


def test_the_recorded_result_is_of_500_devices_with_a_fault_at_every_question() -> None:
    record = json.loads((ROOT / "bench" / "results" / "advice.json").read_text(encoding="utf-8"))
    assert record["total"]["devices"] == record["devices"] == 500
    kinds = set(record["kinds"])
    assert {f"fault at {question.partition(' ')[0]}" for question in QUESTIONS} <= kinds
    assert record["total"]["wrong_replace"] == record["total"]["wrong_certain"] == 0
