"""Price classes are the operator's; camagent has no figure of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from camagent.model.fault import FaultCode
from camagent.model.finding import Action
from camagent.model.operator_error import OperatorError
from camagent.operator_files.price_file import load_prices
from camagent.text import both
from tests.builders import camera_facts, fault
from tests.plan.planning import camera, h264, healthy, planned

ROOT = Path(__file__).resolve().parents[2]
CLASS = '[[class]]\nid = "E"\naction = "replace"\nvi = "Thay"\nen = "Replace"\n'
GOOD = 'currency = "VND"\n' + CLASS


def write(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_has_classes_for_every_action_and_not_one_figure() -> None:
    prices = load_prices(ROOT / "profiles" / "prices.example.toml")
    assert {entry.action for entry in prices.classes} == set(Action) - {Action.NONE}
    assert [entry.amount for entry in prices.classes] == [None] * 6


def test_without_a_file_no_money_is_shown() -> None:
    plan = planned(camera(width_px=1280, height_px=720))
    assert (plan.cost_class, plan.cost_amount, plan.cost_currency) == (None, None, None)


def test_a_class_is_found_by_its_action(tmp_path: Path) -> None:
    other = CLASS.replace("replace", "reconfigure").replace('"E"', '"A"')
    prices = load_prices(write(tmp_path, GOOD + "amount = 2500000\n" + other))
    assert prices.currency == "VND"
    plan = planned(camera(width_px=1280, height_px=720), prices)
    assert (plan.action, plan.cost_class, plan.cost_amount, plan.cost_currency) == (
        Action.RECONFIGURE,
        "A",
        None,
        "VND",
    )
    entry = prices.of(Action.REPLACE)
    assert entry is not None and (entry.id, entry.amount, entry.title.vi) == ("E", 2_500_000.0, "Thay")
    assert prices.of(Action.FIX_NETWORK) is None


def test_every_kind_of_plan_has_its_price(tmp_path: Path) -> None:
    rows = "".join(
        CLASS.replace("replace", action).replace('"E"', f'"{action}"') + f"amount = {amount}\n"
        for amount, action in enumerate(("replace", "investigate", "fix_network"), start=1)
    )
    prices = load_prices(write(tmp_path, 'currency = "USD"\n' + rows))
    old = camera((h264(resolutions=((1280, 720), (640, 360))),), codec="h264", width_px=1280, height_px=720)
    lossy = camera(measured={"rtp_lost_packets": 300})
    silent = camera_facts(device=fault(FaultCode.AUTH_REQUIRED), streams=())
    for subject, name, amount in (
        (old, "replace", 1.0),
        (silent, "investigate", 2.0),
        (lossy, "fix_network", 3.0),
    ):
        plan = planned(subject, prices)
        assert (plan.cost_class, plan.cost_amount, plan.cost_currency) == (name, amount, "USD")
    entry = prices.of(Action.REPLACE)
    assert entry is not None and (entry.title.vi, entry.title.en) == ("Thay", "Replace")


def test_a_ready_camera_costs_nothing(tmp_path: Path) -> None:
    assert planned(healthy(), load_prices(write(tmp_path, GOOD))).cost_class is None


def test_a_class_without_an_action_of_its_own_leaves_the_plan_without_a_price(tmp_path: Path) -> None:
    plan = planned(camera(width_px=1280, height_px=720), load_prices(write(tmp_path, GOOD)))
    assert (plan.cost_class, plan.cost_currency) == (None, None)


def test_a_byte_order_mark_is_forgiven(tmp_path: Path) -> None:
    assert load_prices(write(tmp_path, "\ufeff" + GOOD)).currency == "VND"


def test_the_largest_budget_is_a_figure(tmp_path: Path) -> None:
    entry = load_prices(write(tmp_path, GOOD + "amount = 1000000000000000\n")).of(Action.REPLACE)
    assert entry is not None and entry.amount == 1e15


def test_free_of_charge_is_a_figure(tmp_path: Path) -> None:
    entry = load_prices(write(tmp_path, GOOD + "amount = 0\n")).of(Action.REPLACE)
    assert entry is not None and entry.amount == 0.0


ONE_OF = "'reconfigure', 'update_firmware', 'fix_network', 'fix_picture', 'replace' or 'investigate'"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("x = = 1", ["not TOML: line 1, column 5"]),
        (CLASS, ["currency: is missing"]),
        ('currency = ""\n', ["currency: must not be empty"]),
        ("colour = 1\n" + GOOD, ["colour: no such key; the keys are: currency, class"]),
        ("a = 1\nb = 2\n" + GOOD, [f"{key}: no such key; the keys are: currency, class" for key in "ab"]),
        ('currency = "VND"\nclass = 3\n', ["class: a list in square brackets is expected (got 3)"]),
        ('currency = "VND"\nclass = [3]\n', ["class[0]: a table of keys is expected (got 3)"]),
        (
            GOOD.replace('vi = "Thay"', 'colour = "red"'),
            [
                "class[0].vi: is missing",
                "class[0].colour: no such key; the keys are: id, action, vi, en, amount",
            ],
        ),
        (
            GOOD.replace('"replace"', '"none"'),
            [f"class[0].action: must be one of {ONE_OF} (got 'none')"],
        ),
        (GOOD + "amount = -1\n", ["class[0].amount: must be at least 0 (got -1)"]),
        (GOOD + "amount = nan\n", ["class[0].amount: must be at least 0 (got nan)"]),
        (GOOD + "amount = inf\n", ["class[0].amount: must be at most 1000000000000000.0 (got inf)"]),
        (
            GOOD + "amount = 1000000000000001\n",
            ["class[0].amount: must be at most 1000000000000000.0 (got 1000000000000001)"],
        ),
        (GOOD + f"amount = 0x1{'0' * 400}\n", ["not TOML: a whole number in it is too large"]),
        (GOOD + f"amount = 1{'0' * 5000}\n", ["not TOML: it cannot be read"]),
        ("x = " + "[" * 5000, ["not TOML: it cannot be read"]),
        (GOOD + "amount = true\n", ["class[0].amount: a number is expected (got True)"]),
        (GOOD + 'amount = "2 tr"\n', ["class[0].amount: a number is expected (got '2 tr')"]),
        (GOOD + CLASS, ["class: an action has more than one price class"]),
    ],
)
def test_a_wrong_file_is_refused_with_every_problem(tmp_path: Path, text: str, sentences: list[str]) -> None:
    with pytest.raises(OperatorError) as caught:
        load_prices(write(tmp_path, text))
    place = f"{tmp_path}/prices.toml: "
    assert [both(problem).en.removeprefix(place) for problem in caught.value.problems] == sentences
    assert len(str(caught.value).splitlines()) == len(sentences)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 200_001)
    for path, sentence in (
        (tmp_path / "missing.toml", "missing.toml: cannot be read (there is no such file or folder)"),
        (huge, "huge.toml: larger than 200000 bytes: is this the right file?"),
    ):
        with pytest.raises(OperatorError) as caught:
            load_prices(path)
        (problem,) = caught.value.problems
        assert both(problem).en.removeprefix(f"{tmp_path}/") == sentence
    huge.write_bytes(GOOD.encode() + b"#" * (200_000 - len(GOOD.encode())))
    assert load_prices(huge).currency == "VND"
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'x = "\xe9"')
    with pytest.raises(OperatorError, match="not_text"):
        load_prices(latin)
    with pytest.raises(OperatorError, match="more"):
        load_prices(write(tmp_path, 'currency = "VND"\nclass = [' + "{}," * 200 + "]\n"))
