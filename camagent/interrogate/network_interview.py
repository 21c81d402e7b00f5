"""The questions about the device's own network. Talks through a Conversation only."""

from __future__ import annotations

from dataclasses import replace

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import (
    GET_DNS,
    GET_GATEWAY,
    GET_INTERFACES,
    GET_NTP,
    GET_PROTOCOLS,
)
from camagent.model.device import NetworkFacts
from camagent.model.fault import Fault
from camagent.model.time_servers import by_name, outside


async def fetch_network(conversation: Conversation, url: str) -> NetworkFacts | Fault:
    """One Fault only where nothing at all could be read; a part that is missing stays None."""
    interfaces = await conversation.ask(GET_INTERFACES, url)
    protocols = await conversation.ask(GET_PROTOCOLS, url)
    ntp = await conversation.ask(GET_NTP, url)
    if isinstance(interfaces, Fault) and isinstance(protocols, Fault) and isinstance(ntp, Fault):
        return interfaces
    from_dhcp, servers = (None, None) if isinstance(ntp, Fault) else ntp
    facts = replace(
        NetworkFacts() if isinstance(interfaces, Fault) else interfaces,
        protocols=None if isinstance(protocols, Fault) else protocols,
        ntp_from_dhcp=from_dhcp,
        ntp_servers=servers,
    )
    return await _way_to_servers(conversation, url, facts)


async def _way_to_servers(conversation: Conversation, url: str, facts: NetworkFacts) -> NetworkFacts:
    """Gateway and name servers, asked only of a device whose time servers need them."""
    servers = facts.ntp_servers or ()
    if outside(servers, facts.subnets):
        gateways = await conversation.ask(GET_GATEWAY, url)
        facts = replace(facts, gateways=None if isinstance(gateways, Fault) else gateways)
    if by_name(servers):
        dns = await conversation.ask(GET_DNS, url)
        from_dhcp, names = (None, None) if isinstance(dns, Fault) else dns
        facts = replace(facts, dns_from_dhcp=from_dhcp, dns_servers=names)
    return facts
