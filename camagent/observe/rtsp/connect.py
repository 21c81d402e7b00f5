"""From an address to a connection that is ready for the first question. I/O."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from camagent.model.clock import Clock
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.uri import StreamUri
from camagent.observe.rtsp.client import StepLimits
from camagent.observe.rtsp.connection import RtspConnection
from camagent.wire.tls import device_context


@dataclass(frozen=True, slots=True)
class Approach:
    """How to connect."""

    clock: Clock
    limits: StepLimits
    deadline_s: float


async def open_connection(uri: StreamUri, approach: Approach) -> RtspConnection | Fault:
    """Connect to the address (and to no other), with TLS for rtsps; old TLS is a second try where that
    failed."""
    if uri.scheme not in ("rtsp", "rtsps"):
        return Fault(FaultCode.UNSUPPORTED, Stage.OBSERVE, "connect", 0.0)
    if uri.scheme == "rtsp":
        return await _connect(uri, approach, None)
    opened = await _connect(uri, approach, device_context())
    if isinstance(opened, Fault) and opened.code is FaultCode.TLS_FAILED:
        return await _connect(uri, approach, device_context(legacy=True))
    return opened


async def _connect(uri: StreamUri, approach: Approach, tls: ssl.SSLContext | None) -> RtspConnection | Fault:
    clock = approach.clock
    started_s = clock.monotonic_s()
    limit_s = min(approach.limits.connect_s, approach.deadline_s - started_s)
    code = FaultCode.BUDGET_SPENT
    if limit_s > 0:
        try:
            async with asyncio.timeout(limit_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: RtspConnection(clock), uri.host, uri.port, ssl=tls
                )
            return connection
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            code = _code_of(error, secure=tls is not None)
    return Fault(code, Stage.OBSERVE, "connect", clock.monotonic_s() - started_s)


def _code_of(error: OSError | UnicodeError, *, secure: bool) -> FaultCode:
    """The most specific meaning wins; no route, no ARP answer, no answer to SYN and an unknown name are the
    last."""
    if isinstance(error, ssl.SSLError):
        return FaultCode.TLS_FAILED
    if isinstance(error, ConnectionRefusedError):
        return FaultCode.REFUSED
    if isinstance(error, ConnectionError) and secure:
        return FaultCode.TLS_FAILED  # accepted, then hung up on our hello
    if isinstance(error, TimeoutError) and secure:
        return FaultCode.TIMEOUT
    return FaultCode.UNREACHABLE
