"""A UDP carrier whose behaviour the test changes while it runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer

_BRANCH = re.compile(rb";branch=([^;\s]+)")


@dataclass
class Behaviour:
    """Which methods are answered, and with what."""

    status: int = 200
    answers: set[bytes] = field(default_factory=lambda: {b"OPTIONS", b"REGISTER"})

    def __call__(self, request: bytes) -> Sequence[bytes]:
        if request.partition(b" ")[0] not in self.answers:
            return ()
        return [reply_to(request, self.status, "As told")]

    def fall_silent(self) -> None:
        self.answers = set()

    def speak(self) -> None:
        self.answers = {b"OPTIONS", b"REGISTER"}


def transactions(peer: UdpPeer, method: bytes = b"OPTIONS") -> list[bytes]:
    """The branches that a peer saw, each once however often it was sent."""
    seen: dict[bytes, None] = {}
    for datagram in list(peer.received):
        branch = _BRANCH.search(datagram.data)
        if datagram.data.startswith(method) and branch is not None:
            seen[branch[1]] = None
    return list(seen)
