import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.peers.sip_client import ask_by_stream, ask_by_udp, make_request, status_of
from tests.peers.sipp import Scenario, Sipp

Factory = Callable[..., Sipp]


def test_a_silent_peer_notes_when_each_retransmission_came(sipp_factory: Factory) -> None:
    sipp = sipp_factory(scenario=Scenario.SILENT)
    request = make_request("OPTIONS")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect(("127.0.0.1", sipp.port))
        client.settimeout(0.2)
        for _ in range(3):
            client.send(request)
            with pytest.raises(TimeoutError):
                client.recv(1)
    seconds = sipp.retransmission_seconds("OPTIONS")
    assert len(seconds) == 3
    assert seconds[0] == 0.0
    # The peer's clock agrees with the client's, which waited out 0.2 s before each repetition.
    assert seconds[1] >= 0.19
    assert seconds[2] - seconds[1] >= 0.19
    assert [message.direction for message in sipp.messages()] == ["received"] * 3
    assert sipp.messages()[0].text.startswith("OPTIONS sip:carrier.example SIP/2.0")


def test_a_silent_peer_takes_options_and_register(sipp_factory: Factory) -> None:
    sipp = sipp_factory(scenario=Scenario.SILENT)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect(("127.0.0.1", sipp.port))
        client.settimeout(0.2)
        client.send(make_request("OPTIONS"))
        client.send(make_request("REGISTER"))
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert [message.method for message in sipp.messages()] == ["OPTIONS", "REGISTER"]


def test_trying_comes_first_and_ok_after_the_pause(sipp_factory: Factory) -> None:
    sipp = sipp_factory(scenario=Scenario.TRYING_THEN_OK, pause_ms=300)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect(("127.0.0.1", sipp.port))
        client.settimeout(5)
        client.send(make_request("OPTIONS"))
        assert [status_of(client.recv(65535)) for _ in range(2)] == [100, 200]
    received, trying, ok = sipp.wait_for_messages(3)
    assert [received.direction, trying.direction, ok.direction] == ["received", "sent", "sent"]
    assert (ok.at - trying.at).total_seconds() >= 0.29


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_unavailable_says_when_to_come_back(sipp_factory: Factory, transport: str) -> None:
    sipp = sipp_factory(
        scenario=Scenario.UNAVAILABLE, transport=transport, keys={"retry_after": "18 (busy);duration=60"}
    )
    request = make_request("REGISTER", transport=transport.upper())
    ask = ask_by_udp if transport == "udp" else ask_by_stream
    answer = ask(sipp.port, request)
    assert status_of(answer) == 503
    assert b"\r\nRetry-After: 18 (busy);duration=60\r\n" in answer  # RFC 3261 §20.33
    assert [message.method for message in sipp.wait_for_messages(2)] == ["REGISTER", None]


def test_two_at_once_do_not_meet(sipp_factory: Factory) -> None:
    peers = [sipp_factory(scenario=Scenario.UNAVAILABLE) for _ in range(2)]
    assert [status_of(ask_by_udp(peer.port, make_request("OPTIONS"))) for peer in peers] == [503, 503]
    assert [len(peer.messages(method="OPTIONS")) for peer in peers] == [1, 1]
