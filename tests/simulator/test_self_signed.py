"""The certificates of simulated devices: each device keeps its own, as a real one does."""

from __future__ import annotations

import socket
import ssl
import threading

from camagent.simulator.self_signed import self_signed_context


def shown(context: ssl.SSLContext) -> bytes:
    """The certificate that a server with this context shows."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with context.wrap_socket(theirs, server_side=True):
            pass

    server = threading.Thread(target=answer)
    server.start()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with client.wrap_socket(ours) as secured:
        certificate = secured.getpeercert(binary_form=True)
    server.join(60)
    assert certificate is not None
    return certificate


def test_a_device_shows_one_certificate_at_every_start_and_another_device_another() -> None:
    first = shown(self_signed_context("127.10.1.1", "SIM1"))
    assert first == shown(self_signed_context("127.10.1.1", "SIM1"))
    others = {
        shown(self_signed_context(*device)) for device in (("127.10.1.1", "SIM2"), ("127.10.1.2", "SIM1"))
    }
    assert len(others | {first}) == 3
