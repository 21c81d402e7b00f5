"""What a run adds to the memory of a site: only what it met, certificates by place."""

from __future__ import annotations

from pathlib import Path

import pytest

from camagent.app import open_site_store, read_config, remembered_by_machine
from camagent.model.earlier_runs import (
    KnownDevice,
    Memory,
    MemoryChange,
    learned_from,
    memory_after,
    pin_place,
    pins_of,
)
from tests.builders import NOW

SERIAL = KnownDevice("cam-1", "192.0.2.1", None, (("serial", "S1"), ("address", "192.0.2.1")))
BARE = KnownDevice("cam-1", "192.0.2.1", None, (("address", "192.0.2.1"),))


def test_a_dead_camera_does_not_overwrite_what_is_known_of_it() -> None:
    assert learned_from(Memory((SERIAL,)), [BARE], []).devices == ()
    assert learned_from(Memory(), [BARE], []).devices == (BARE,)
    assert memory_after(Memory((SERIAL,)), MemoryChange()).devices == (SERIAL,)


def test_two_devices_behind_one_address_have_a_certificate_each() -> None:
    pins = [(pin_place("192.0.2.1", port), mark * 64) for port, mark in ((443, "a"), (8443, "b"))]
    learned = learned_from(Memory(), [], pins)
    assert learned.pins == (("192.0.2.1", "a" * 64), ("192.0.2.1:8443", "b" * 64))
    later = memory_after(Memory(), learned)
    changed = [("192.0.2.1", "c" * 64)]
    assert learned_from(later, [], changed).pins == (), "a change is told until the operator accepts it"
    assert pins_of(later.pins, "192.0.2.1") == ((443, "a" * 64), (8443, "b" * 64))


@pytest.mark.parametrize("host", ["192.0.2.1", "fe80::1", "camera.local"])
@pytest.mark.parametrize("port", [443, 8443])
def test_a_place_is_read_back(host: str, port: int) -> None:
    pins = ((pin_place(host, port), "ab" * 32), (pin_place(host + "1", 443), "cd" * 32))
    assert pins_of(pins, host) == ((port, "ab" * 32),)


def test_a_run_that_stores_nothing_knows_what_earlier_ones_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a dead camera would be left out of `scan --no-store`, and its school be ready."""
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path / "data"))
    config = read_config(None)
    assert remembered_by_machine(config, None) == Memory() and not (tmp_path / "data").exists()
    with open_site_store(config) as store:
        store.remember(MemoryChange(devices=(SERIAL,)), NOW)
        assert remembered_by_machine(config, store).devices == (SERIAL,)
    assert remembered_by_machine(config, None).devices == (SERIAL,)
