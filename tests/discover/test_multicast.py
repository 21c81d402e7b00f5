from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from camagent.discover import multicast
from camagent.discover.multicast import MAX_DATAGRAMS, MAX_PER_SOURCE, DatagramQueue, note_of, reading
from camagent.discover.wsdiscovery import ProbeTypes
from camagent.platform.system_clock import SystemClock
from camagent.text import LANGUAGES, render
from tests.discover.peers import message_id


def test_one_source_cannot_fill_the_queue_for_the_others() -> None:
    queue = DatagramQueue()
    for _ in range(MAX_PER_SOURCE + 50):
        queue.put(b"x", "192.168.1.66", "eth0")
    queue.put(b"x", "192.168.1.9", "eth0")
    assert len(queue.datagrams) == MAX_PER_SOURCE + 1
    assert queue.dropped == 50
    assert queue.datagrams[-1].source == "192.168.1.9"


def test_the_queue_is_bounded_in_number_and_bytes() -> None:
    queue = DatagramQueue()
    for number in range(MAX_DATAGRAMS + 10):
        queue.put(b"", str(number), None)
    assert (len(queue.datagrams), queue.dropped) == (MAX_DATAGRAMS, 10)
    large = DatagramQueue()
    most = multicast.MAX_DATAGRAM_STORE_BYTES // 65_000
    for number in range(most + 5):
        large.put(b"x" * 65_000, str(number), None)
    assert (len(large.datagrams), large.dropped) == (most, 5)


def test_every_probe_has_its_own_id_and_the_queue_remembers_what_it_asked() -> None:
    queue = DatagramQueue()
    probes = [queue.probe(types) for types in (ProbeTypes.ANY, ProbeTypes.DEVICE, ProbeTypes.ANY)]
    assert [queue.sent[message_id(probe)] for probe in probes] == [
        ProbeTypes.ANY,
        ProbeTypes.DEVICE,
        ProbeTypes.ANY,
    ]


def test_a_burst_waits_in_the_buffer_until_it_is_drained() -> None:
    # 500 answers of 1.8 kB at once: a reader that parses between two reads kept 118 of them
    async def main() -> DatagramQueue:
        queue = DatagramQueue()
        with (
            multicast.open_directed_socket(None) as ear,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice,
        ):
            place = ("127.0.0.1", ear.getsockname()[1])
            with reading(queue, {ear: "lo"}):
                for _ in range(500):
                    voice.sendto(b"x" * 1800, place)
                async with asyncio.timeout(60):
                    while len(queue.datagrams) < 500:
                        await SystemClock().sleep(0.01)
        return queue

    queue = asyncio.run(main())
    assert (len(queue.datagrams), queue.dropped) == (500, 0)


@pytest.mark.parametrize("number", sorted(errno.errorcode))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_refusal_of_the_system_is_told_in_its_own_words(number: int, lang: str) -> None:
    sentence = render(note_of(OSError(number, "from the system"), "eth0").message, lang)
    assert errno.errorcode[number] not in sentence and "from the system" not in sentence
    assert "eth0" in sentence


def test_an_address_that_has_just_come_up_is_told_as_that() -> None:
    note = note_of(OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "eth0")
    assert str(note) == "address_not_ready:eth0"
