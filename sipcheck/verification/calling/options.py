"""What a test call is asked for with."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.media.codec import DEFAULT_CODECS, Codec
from sipcheck.media.sockets import DEFAULT_PORTS, PortRange
from sipcheck.verification.calling.numbers import NumberFormat

DEFAULT_RING_SECONDS = 30.0
DEFAULT_TALK_SECONDS = 5.0
# Nobody's line is held longer for a test.
MOST_RING_SECONDS = 120.0
MOST_TALK_SECONDS = 60.0


class CallIdentity(StrEnum):
    """Who stands in From: the number, or the username with the number beside it in P-Preferred-Identity (RFC 3325)."""

    NUMBER = "number"
    USERNAME = "username"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """`number` and `caller` are as `read_number` and `read_caller` give them; a form or an identity None tries each.

    With `sdes` media is offered encrypted. `media_address` is by which the carrier reaches this machine, where that is
    not the address that requests leave by.
    """

    number: str
    caller: str | None = None
    format: NumberFormat | None = NumberFormat.PLUS_E164
    identity: CallIdentity | None = CallIdentity.NUMBER
    ring_seconds: float = DEFAULT_RING_SECONDS
    talk_seconds: float = DEFAULT_TALK_SECONDS
    codecs: Sequence[Codec] = DEFAULT_CODECS
    ports: PortRange = DEFAULT_PORTS
    media_address: str | None = None
    sdes: bool = False
