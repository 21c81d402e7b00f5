"""The agent's record: what is kept comes back, and a store that fails is told, not fatal."""

from __future__ import annotations

import asyncio
import json
import lzma
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camagent.agent.record import StoreRecord
from camagent.document.write import scan_document
from camagent.model.earlier_runs import KnownDevice, Memory, MemoryChange
from camagent.model.text import Message
from camagent.run.context import Run
from camagent.store import open_store
from tests import builders as build
from tests.publish.samples import status

KNOWN = (KnownDevice("cam-1", "192.0.2.11", None, (("serial", "S1"),)),)
RUN = Run(build.scan_result(), MemoryChange(KNOWN), Memory(KNOWN))


def test_a_round_comes_back_after_a_restart(tmp_path: Path) -> None:
    path, messages = tmp_path / "camagent.sqlite", list[Message]()

    async def scenario() -> None:
        with open_store(path) as store:
            record = StoreRecord(store, messages.append)
            empty = await record.restore(build.NOW)
            assert empty.cameras == () and empty.document is None
            kept = await record.keep(RUN, build.NOW)
            await record.note_probes(build.NOW, {"cam-4cbd8f000001": True})
            await record.close()
        with open_store(path) as store:
            record = StoreRecord(store, messages.append)
            restored = await record.restore(build.NOW + timedelta(minutes=5))
            assert restored.cameras == (status(build.camera_result()),)
            assert restored.document == kept.document
            assert json.loads(lzma.decompress(kept.document))["schema"] == "camagent.scan/1"
            assert restored.memory.devices == kept.memory.devices == KNOWN
            assert restored.memory.histories["cam-4cbd8f000001"].probes == 2
            await record.close()

    asyncio.run(scenario())
    assert messages == []


def test_a_store_that_cannot_be_written_is_told_and_the_round_goes_on(tmp_path: Path) -> None:
    path, messages = tmp_path / "camagent.sqlite", list[Message]()

    async def scenario() -> None:
        with open_store(path) as store:
            record = StoreRecord(store, messages.append)
            store._connection.execute("PRAGMA query_only = ON")
            kept = await record.keep(RUN, build.NOW)
            await record.note_probes(build.NOW, {"cam-4cbd8f000001": True})
            assert json.loads(lzma.decompress(kept.document))["cameras"]
            assert kept.memory.devices == KNOWN, "what was seen is remembered at least until the end"
            await record.close()

    asyncio.run(scenario())
    assert len(messages) == 2 and all(str(path) in dict(line.args).get("path", "") for line in messages)  # type: ignore[operator]


def test_an_operator_s_acceptance_is_not_undone_by_the_next_round(tmp_path: Path) -> None:
    path, pin = tmp_path / "camagent.sqlite", ("192.0.2.11", "ab" * 32)
    first = Run(build.scan_result(), MemoryChange(pins=(pin,)), Memory(pins=(pin,)))

    async def scenario() -> None:
        with open_store(path) as store, open_store(path) as command_line:
            record = StoreRecord(store, lambda _: None)
            assert (await record.keep(first, build.NOW)).memory.pins == (pin,)
            command_line.forget_pins("192.0.2.11", ["192.0.2.11"])
            after = await record.keep(replace(first, learned=MemoryChange()), build.NOW)
            assert after.memory.pins == ()
            await record.close()

    asyncio.run(scenario())


def test_a_stored_camera_that_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    path, messages = tmp_path / "camagent.sqlite", list[Message]()
    other = build.camera_result(facts=build.camera_facts(id="cam-other"))
    scan = build.scan_result(cameras=(build.camera_result(), other))

    async def scenario() -> None:
        with open_store(path) as store:
            store.save(scan_document(scan))
            text = next(store.texts())
            damaged = lzma.compress(text.replace(b'"verdict":', b'"former":', 1))
            store._connection.execute("UPDATE scan SET document = ?", (damaged,))
            record = StoreRecord(store, messages.append)
            restored = await record.restore(build.NOW)
            assert [camera.id for camera in restored.cameras] == ["cam-other"]
            await record.close()

    asyncio.run(scenario())
    assert len(messages) == 1


def test_a_scan_that_cannot_be_read_leaves_the_one_before_it(tmp_path: Path) -> None:
    """An intact store with a damaged document: the service starts, and one line says so."""
    path, messages = tmp_path / "camagent.sqlite", list[Message]()

    async def scenario() -> None:
        with open_store(path) as store:
            for _ in range(2):
                store.save(scan_document(build.scan_result()))
            deep = lzma.compress(b'{"schema":"camagent.scan/1","cameras":' + b"[" * 100_000)
            store._connection.execute("UPDATE scan SET document = ? WHERE id = 2", (deep,))
            record = StoreRecord(store, messages.append)
            restored = await record.restore(build.NOW)
            assert len(restored.cameras) == 1 and restored.document is not None
            await record.close()

    asyncio.run(scenario())
    assert [line.key for line in messages] == ["agent.unreadable_scan"]
