"""Networks for the tests of discovery: each test inside one of its own, so that no other program answers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.discover.network import Network


@pytest.fixture
def network() -> Iterator[Network]:
    """The test runs inside a network of its own, with nothing but a loopback interface."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a network namespace of its own")
    own = Network()
    try:
        with own.inside():
            yield own
    finally:
        own.close()


@pytest.fixture
def far_network(network: Network) -> Iterator[Network]:
    """A second network, not yet joined to the first."""
    far = Network()
    try:
        yield far
    finally:
        far.close()
