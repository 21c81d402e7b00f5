"""What a device shows beside its answers: its TLS certificate, its open ports, its factory log-ins.

Each is asked for once; factory log-ins only where the operator wants it, and never near a lock-out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.device_link import PortBehaviour
from camagent.interrogate.envelopes import GET_INFORMATION
from camagent.interrogate.question_line import MIN_CALL_S
from camagent.model.device import DefaultLoginTrial, NetworkFacts, PortFacts, TlsFacts
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.json_form import to_json
from camagent.model.secret import Credential

MAX_PORTS = 16  # a short list is a check, a long one is a scan that intrusion detection reports
PORT_TIMEOUT_S = 1.0  # on the same site a port answers within milliseconds; silence is a filter
MAX_DEFAULT_LOGINS = 2  # the strictest lock-out seen allows five refusals (evercam/evercam-server#91)


async def fetch_tls(
    conversation: Conversation, port: int | None, pins: Sequence[tuple[int, str]]
) -> TlsFacts | Fault | None:
    """One handshake with the device's HTTPS port; None where it has none that we know of.

    `pins`: port and fingerprint of certificates that were seen there before.
    """
    if port is None:
        return None
    started_s = conversation.clock.monotonic_s()
    time_s = min(conversation.limits.call_timeout_s, conversation.limits.deadline_s - started_s)
    if time_s < MIN_CALL_S:
        return Fault(FaultCode.BUDGET_SPENT, Stage.INTERROGATE, "TLS", 0.0)
    certificate = await conversation.door.handshake(conversation.host, port, time_s)
    elapsed_s = conversation.clock.monotonic_s() - started_s
    shown = certificate.value if isinstance(certificate, FaultCode) else json.dumps(to_json(certificate))
    _note(conversation, "tls", f"handshake {port}", shown, elapsed_s)
    if isinstance(certificate, FaultCode):
        return Fault(certificate, Stage.INTERROGATE, "TLS", round(elapsed_s, 3))
    return replace(certificate, pinned_fingerprint=dict(pins).get(port))


def https_port(service_url: str, network: NetworkFacts | Fault | None) -> int | None:
    """The port that we use, else the one that GetNetworkProtocols states."""
    used = urlsplit(service_url)
    if used.scheme == "https":
        return used.port or 443
    protocols = network.protocols if isinstance(network, NetworkFacts) else None
    for protocol in protocols or ():
        if protocol.name == "HTTPS" and protocol.enabled:
            return protocol.ports[0] if protocol.ports else 443
    return None


async def fetch_ports(conversation: Conversation, ports: Sequence[int]) -> PortFacts | Fault | None:
    """Each port tried once, one after the other."""
    if not ports:
        return None
    by_behaviour: dict[PortBehaviour, list[int]] = {behaviour: [] for behaviour in PortBehaviour}
    for port in tuple(dict.fromkeys(ports))[:MAX_PORTS]:
        started_s = conversation.clock.monotonic_s()
        time_s = min(PORT_TIMEOUT_S, conversation.limits.deadline_s - started_s)
        if time_s < MIN_CALL_S:
            return Fault(FaultCode.BUDGET_SPENT, Stage.INTERROGATE, "ports", 0.0)
        behaviour = await conversation.door.try_port(conversation.host, port, time_s)
        by_behaviour[behaviour].append(port)
        _note(
            conversation,
            "tcp",
            f"knock {port}",
            behaviour.value,
            conversation.clock.monotonic_s() - started_s,
        )
    return PortFacts(
        tuple(by_behaviour[PortBehaviour.OPEN]),
        tuple(by_behaviour[PortBehaviour.CLOSED]),
        tuple(by_behaviour[PortBehaviour.SILENT]),
    )


async def try_default_logins(
    conversation: Conversation, url: str, logins: Sequence[Credential]
) -> DefaultLoginTrial | None:
    """Factory log-ins, at most two, counting one that was refused before; None where the operator asked for
    none."""
    if not logins:
        return None
    refused = conversation.logged_in_at_all and not conversation.proven
    allowed = MAX_DEFAULT_LOGINS - (1 if refused else 0)
    count = 0
    for login in logins[:allowed]:
        if login == conversation.credential:
            continue
        attempt = conversation.as_somebody_else(login)
        await attempt.ask_openly(GET_INFORMATION, url)  # a fresh nonce; or the door is open anyway
        outcome = await attempt.ask(GET_INFORMATION, url)
        if not attempt.logged_in_at_all:
            return DefaultLoginTrial(count, None, outcome if isinstance(outcome, Fault) else None)
        count += 1
        if not isinstance(outcome, Fault):
            return DefaultLoginTrial(count, login.user)
        if outcome.code is not FaultCode.AUTH_REJECTED:
            return DefaultLoginTrial(count, None, outcome)
    return DefaultLoginTrial(count, None)


def _note(conversation: Conversation, protocol: str, doing: str, received: str, elapsed_s: float) -> None:
    if conversation.transcript is not None:
        conversation.transcript.note(protocol, doing, "", received, elapsed_s)
