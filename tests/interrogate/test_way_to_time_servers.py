"""Gateway and name servers are read where the time servers need them, and only there."""

from __future__ import annotations

import pytest

from camagent.model.device import NetworkFacts
from tests.interrogate.fake_device import FakeDevice, envelope, soap_fault
from tests.interrogate.test_interview import interview

OWN = (
    '<tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled><tt:IPv4><tt:Enabled>true</tt:Enabled>'
    "<tt:Config><tt:Manual><tt:Address>192.0.2.11</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual>"
    "<tt:FromDHCP><tt:Address>198.51.100.7</tt:Address><tt:PrefixLength>25</tt:PrefixLength></tt:FromDHCP>"
    "<tt:DHCP>true</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces>"
)
INTERFACES = envelope(f"<tds:GetNetworkInterfacesResponse>{OWN}</tds:GetNetworkInterfacesResponse>")
NO_GATEWAY = envelope(
    "<tds:GetNetworkDefaultGatewayResponse><tds:NetworkGateway/></tds:GetNetworkDefaultGatewayResponse>"
)
GATEWAY = NO_GATEWAY.replace(
    "<tds:NetworkGateway/>",
    "<tds:NetworkGateway><tt:IPv4Address>192.0.2.1</tt:IPv4Address>"
    "<tt:IPv4Address>0.0.0.0</tt:IPv4Address></tds:NetworkGateway>",
)
DNS = envelope(
    "<tds:GetDNSResponse><tds:DNSInformation><tt:FromDHCP>false</tt:FromDHCP><tt:DNSManual><tt:Type>IPv4"
    "</tt:Type><tt:IPv4Address>192.0.2.53</tt:IPv4Address></tt:DNSManual></tds:DNSInformation>"
    "</tds:GetDNSResponse>"
)
NO_DNS = envelope(
    "<tds:GetDNSResponse><tds:DNSInformation><tt:FromDHCP>false</tt:FromDHCP></tds:DNSInformation>"
    "</tds:GetDNSResponse>"
)


def ntp(kind: str, server: str) -> str:
    field = "DNSname" if kind == "DNS" else f"{kind}Address"
    row = f"<tt:NTPManual><tt:Type>{kind}</tt:Type><tt:{field}>{server}</tt:{field}></tt:NTPManual>"
    inner = f"<tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP>{row}</tds:NTPInformation>"
    return envelope(f"<tds:GetNTPResponse>{inner}</tds:GetNTPResponse>")


def network(**answers: str) -> tuple[NetworkFacts, FakeDevice]:
    device = FakeDevice(login="none", answers={"GetNetworkInterfaces": INTERFACES, **answers})
    facts = interview(device).network
    assert isinstance(facts, NetworkFacts)
    assert facts.subnets == ("192.0.2.0/24", "198.51.100.0/25")
    return facts, device


@pytest.mark.parametrize(("reply", "gateways"), [(GATEWAY, ("192.0.2.1",)), (NO_GATEWAY, ())])
def test_a_server_outside_asks_for_the_gateway(reply: str, gateways: tuple[str, ...]) -> None:
    facts, device = network(GetNTP=ntp("IPv4", "203.0.113.5"), GetNetworkDefaultGateway=reply)
    assert (facts.gateways, facts.dns_servers) == (gateways, None)
    assert device.count("GetDNS") == 0


@pytest.mark.parametrize(("reply", "servers"), [(DNS, ("192.0.2.53",)), (NO_DNS, ())])
def test_a_server_with_a_name_asks_for_dns(reply: str, servers: tuple[str, ...]) -> None:
    facts, device = network(GetNTP=ntp("DNS", "vn.pool.ntp.org"), GetDNS=reply)
    assert (facts.dns_servers, facts.dns_from_dhcp, facts.gateways) == (servers, False, None)
    assert device.count("GetNetworkDefaultGateway") == 0


@pytest.mark.parametrize("server", ["192.0.2.77", "198.51.100.100"])
def test_a_server_of_its_own_network_asks_for_nothing(server: str) -> None:
    facts, device = network(GetNTP=ntp("IPv4", server))
    assert (facts.gateways, facts.dns_servers) == (None, None)
    assert device.count("GetDNS") == device.count("GetNetworkDefaultGateway") == 0


def test_a_device_that_does_not_tell_is_not_judged_by_it() -> None:
    refused = soap_fault("ActionNotSupported")
    facts, _ = network(GetNTP=ntp("IPv4", "203.0.113.5"), GetNetworkDefaultGateway=refused)
    assert facts.gateways is None
    facts, _ = network(GetNTP=ntp("DNS", "vn.pool.ntp.org"), GetDNS=refused)
    assert (facts.dns_servers, facts.dns_from_dhcp) == (None, None)
