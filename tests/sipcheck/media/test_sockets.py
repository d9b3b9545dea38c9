"""A call's pair of ports."""

import contextlib

import pytest

from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.media.sockets import PortRange, bind_media
from sipcheck.reasons import Reason
from tests.peers.ports import free_port


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_rtp_has_an_even_port_and_rtcp_the_next(address: str) -> None:
    pair = bind_media(address)
    with contextlib.closing(pair):
        assert pair.local.port is not None
        assert pair.local.port % 2 == 0
        assert pair.rtp.getsockname()[1] == pair.local.port
        assert pair.rtcp.getsockname()[1] == pair.local.port + 1
        assert PortRange().first <= pair.local.port < PortRange().last


def test_a_range_that_is_full_says_so() -> None:
    first = free_port(in_a_row=4)
    ports = PortRange(first, first + 3)
    with contextlib.ExitStack() as stack:
        for _ in ports.even:
            stack.enter_context(contextlib.closing(bind_media("127.0.0.1", ports)))
        with pytest.raises(TransportFailed, match="no two neighbouring ports") as caught:
            bind_media("127.0.0.1", ports)
        assert caught.value.failure.reason is Reason.OVERLOADED
    bind_media("127.0.0.1", ports).close()


def test_an_address_that_is_not_ours_says_so() -> None:
    with pytest.raises(TransportFailed, match="EADDRNOTAVAIL"):
        bind_media("192.0.2.1")


@pytest.mark.parametrize("text", ["10000-20000", " 16384 - 19999 ", "1024-65535"])
def test_a_range_is_read(text: str) -> None:
    first, _, last = text.partition("-")
    assert PortRange.parse(text) == PortRange(int(first), int(last))


@pytest.mark.parametrize(
    "text", ["", "10000", "10000-", "b-a", "20000-10000", "5-10", "10000-70000", "1٠24-2000", "7-7"]
)
def test_a_range_that_is_none_is_named_with_the_mend(text: str) -> None:
    with pytest.raises(SettingInvalid, match="is no range of ports; give two numbers from 1024 to 65535"):
        PortRange.parse(text)
