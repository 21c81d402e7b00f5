"""Hosts of all kinds on many addresses, as one process: python hosts.py '{"10.7.0.9": [[80, "onvif", 3.0]],
…}'.

Each row of an address: port, kind, and seconds before it answers. Kinds: onvif (at the standard's path),
services (at Axis' path alone), web, login, banner (speaks first, like a database), rtsp, mute (accepts and
says nothing), drip (a byte now and then, for ever).

Thousands of addresses of things that are no camera: the simulator is cameras only, and each of its own
costs an HTTP and an RTSP server.
"""

from __future__ import annotations

import asyncio
import json
import sys

TIME_REPLY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    '<GetSystemDateAndTimeResponse xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)


def http(status: str, body: str) -> bytes:
    """A whole answer of a web server."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )


def answer(kind: str, request: bytes) -> bytes:
    """What that kind of host says to the request."""
    if kind == "rtsp":
        return b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
    if kind == "login":
        return http("401 Unauthorized", "")
    path = {"onvif": b"/onvif/device_service", "services": b"/onvif/services"}.get(kind, b"-")
    return http("200 OK", TIME_REPLY) if path + b" HTTP" in request else http("404 Not Found", "<html/>")


async def serve_one(
    kind: str, delay_s: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        if kind == "banner":
            writer.write(b"J\0\0\0\n5.5.5-10.11.6-MariaDB\0")
        elif kind == "mute":
            await reader.read()
        elif kind == "drip":
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.5)
        else:
            request = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(delay_s)
            writer.write(answer(kind, request))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass  # the visitor went, or the hosts are over
    writer.close()


async def main(hosts: dict[str, list[tuple[int, str, float]]]) -> None:
    for address, rows in hosts.items():
        for port, kind, delay_s in rows:

            async def serve(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                kind: str = kind,
                delay_s: float = delay_s,
            ) -> None:
                await serve_one(kind, delay_s, reader, writer)

            await asyncio.start_server(serve, address, port)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
