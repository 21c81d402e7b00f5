"""Sixty schools in five wards, half of them from files of version 0.1.0, and what must be in their list.

The truth is counted here from how the schools are made, not asked of the program.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from tests.publish.samples import KINDS, camera, plain, school

WARDS = ("Bến Nghé", "Tân Định", "Thảo Điền", "An Khánh", "Đa Kao")
SCHOOLS = 60
OLD = Path(__file__).parents[1] / "versions" / "0.1.0" / "scan-2.json.gz"
OLD_ACTIONS = {"reconfigure": 1, "replace": 1, "investigate": 1}
"""What the six cameras of that file need; two are ready, one needs nothing."""
NEW_KINDS = (0, 1, 1, 2, 1, 2, 3, 1, 2, 0, 1, 4, 2, 1, 2, 0, 1, 2, 1, 0)
"""Which of the samples' kinds each camera of a new school is: most need settings or a second look, as in the
schools that were walked."""
NEW_ACTIONS = {"reconfigure": 8, "investigate": 6, "replace": 1, "fix_network": 1}
PRICES = {"replace": 4_500_000.0, "fix_network": 315_000.0}


@dataclass
class Truth:
    """By ward and action: cameras, their ids, the amounts of those that have one."""

    cameras: Counter[tuple[str, str]] = field(default_factory=Counter)
    ids: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    amounts: dict[str, float] = field(default_factory=dict)
    """By id of the row."""

    def add(self, ward: str, site_id: str, camera: dict[str, Any]) -> None:
        action = camera["upgrade"]["action"]
        if action == "none":
            return
        key = f"{site_id}/{camera['id']}"
        self.cameras[ward, action] += 1
        self.ids.setdefault((ward, action), []).append(key)
        if camera["upgrade"].get("cost_amount") is not None:
            self.amounts[key] = camera["upgrade"]["cost_amount"]

    def of_action(self, action: str) -> list[str]:
        """Ids of all cameras that need it."""
        return list(chain.from_iterable(keys for (_, name), keys in self.ids.items() if name == action))


def write_sixty(folder: Path) -> Truth:
    """The files, and what must be in the list made of them."""
    old = json.loads(gzip.decompress(OLD.read_bytes()))
    cameras = (camera(kind + len(KINDS) * number) for number, kind in enumerate(NEW_KINDS))
    new = plain(replace(school(0), cameras=tuple(cameras)))
    truth = Truth()
    for number in range(SCHOOLS):
        made = json.loads(json.dumps(old if number % 2 else new))
        made |= {key: new[key] for key in ("started_at", "finished_at")}
        ward = WARDS[number % len(WARDS)]
        site_id = f"{9100 + number}"
        made["site"] = {"id": site_id, "name": f"Trường số {number:02d}", "area": ward, "city": "HCM"}
        expected = Counter(OLD_ACTIONS if number % 2 else NEW_ACTIONS)
        for one in made["cameras"]:
            upgrade = one["upgrade"]
            priced = number % 2 == 0 and number % 3 > 0 and upgrade["action"] in PRICES
            upgrade["cost_amount"] = PRICES[upgrade["action"]] if priced else None
            upgrade["cost_currency"] = "VND" if priced else None
            truth.add(ward, site_id, one)
            expected[upgrade["action"]] -= upgrade["action"] != "none"
        assert not any(expected.values()), "the files are not what the truth is counted from"
        (folder / f"{number:02d}.json").write_text(json.dumps(made), encoding="utf-8")
    return truth
