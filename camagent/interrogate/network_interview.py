"""The questions about the device's own network. Talks through a Conversation only."""

from __future__ import annotations

from dataclasses import replace

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import (
    GET_INTERFACES,
    GET_NTP,
    GET_PROTOCOLS,
)
from camagent.model.device import NetworkFacts
from camagent.model.fault import Fault


async def fetch_network(conversation: Conversation, url: str) -> NetworkFacts | Fault:
    """One Fault only where nothing at all could be read; a part that is missing stays None."""
    interfaces = await conversation.ask(GET_INTERFACES, url)
    protocols = await conversation.ask(GET_PROTOCOLS, url)
    ntp = await conversation.ask(GET_NTP, url)
    if isinstance(interfaces, Fault) and isinstance(protocols, Fault) and isinstance(ntp, Fault):
        return interfaces
    from_dhcp, servers = (None, None) if isinstance(ntp, Fault) else ntp
    return replace(
        NetworkFacts() if isinstance(interfaces, Fault) else interfaces,
        protocols=None if isinstance(protocols, Fault) else protocols,
        ntp_from_dhcp=from_dhcp,
        ntp_servers=servers,
    )
