"""The questions about the device's own network. Talks through a Conversation only."""

from __future__ import annotations

from dataclasses import replace

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.device_replies import (
    parse_interfaces,
    parse_ntp,
    parse_protocols,
)
from camagent.interrogate.envelopes import (
    GET_INTERFACES,
    GET_NTP,
    GET_PROTOCOLS,
)
from camagent.interrogate.replies import Reply
from camagent.model.device import NetworkFacts
from camagent.model.fault import Fault


async def fetch_network(conversation: Conversation, url: str) -> NetworkFacts | Fault:
    """One Fault only where nothing at all could be read; a part that is missing stays None."""
    questions = (GET_INTERFACES, GET_PROTOCOLS, GET_NTP)
    outcomes = [await conversation.ask(question, url) for question in questions]
    interfaces, protocols, ntp = outcomes
    if all(isinstance(outcome, Fault) for outcome in outcomes):
        return next(outcome for outcome in outcomes if isinstance(outcome, Fault))
    facts = parse_interfaces(interfaces.node) if isinstance(interfaces, Reply) else NetworkFacts()
    from_dhcp, servers = parse_ntp(ntp.node) if isinstance(ntp, Reply) else (None, None)
    return replace(
        facts,
        protocols=parse_protocols(protocols.node) if isinstance(protocols, Reply) else None,
        ntp_from_dhcp=from_dhcp,
        ntp_servers=servers,
    )
