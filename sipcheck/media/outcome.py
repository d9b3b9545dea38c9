"""What became of the media of a call, from what was counted: which ways it was seen to flow, and what that comes to.

A pure table. What we sent is only known to have arrived where the other side says so (RTCP), or sends it back.
"""

from dataclasses import dataclass
from enum import StrEnum


class MediaFlow(StrEnum):
    """Which ways media was seen to flow; a name says no more than was seen."""

    BOTH = "both"
    IN_UNCONFIRMED = "in-unconfirmed"
    IN_ONLY = "in-only"
    OUT_ONLY = "out-only"
    NONE = "none"


class MediaVerdict(StrEnum):
    """What it comes to. `our-nat` says that nothing came, and that our own address may be why."""

    FINE = "fine"
    SILENT = "media-silent"
    ONE_WAY = "media-one-way"
    OUR_NAT = "our-nat"
    UNJUDGED = "unjudged"


class OurSound(StrEnum):
    """What is known of what we sent."""

    HEARD = "heard"
    UNHEARD = "unheard"
    UNKNOWN = "unknown"


# An answer that ends sooner says nothing about its media.
LEAST_LISTENED_SECONDS = 1.5
# Fewer reports without us may have been written before our first packet was there.
_LEAST_REPORTS_WITHOUT_US = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSeen:
    """What was counted in a call that was answered.

    `may_send` and `may_receive` are what was agreed. `reported` is whether RTCP named our stream as received,
    `reports_without_us` how many reports named others or none while we sent. `address_seen` is whether the carrier saw
    our requests come from the address that we named for media; null where it did not say.
    """

    sent_packets: int = 0
    received_packets: int = 0
    echoed_packets: int = 0
    reported: bool = False
    reports_without_us: int = 0
    may_send: bool = True
    may_receive: bool = True
    address_seen: bool | None = None
    listened_seconds: float = 0.0

    @property
    def ours(self) -> OurSound:
        if self.reported or self.echoed_packets:
            return OurSound.HEARD
        if self.sent_packets and self.reports_without_us >= _LEAST_REPORTS_WITHOUT_US:
            return OurSound.UNHEARD
        return OurSound.UNKNOWN


# By whether anything came, and what is known of ours.
FLOWS: dict[tuple[bool, OurSound], MediaFlow] = {
    (True, OurSound.HEARD): MediaFlow.BOTH,
    (True, OurSound.UNHEARD): MediaFlow.IN_ONLY,
    (True, OurSound.UNKNOWN): MediaFlow.IN_UNCONFIRMED,
    (False, OurSound.HEARD): MediaFlow.OUT_ONLY,
    (False, OurSound.UNHEARD): MediaFlow.NONE,
    (False, OurSound.UNKNOWN): MediaFlow.NONE,
}

# What a flow comes to where both ways were agreed, and the carrier saw us at the address that we named.
VERDICTS: dict[MediaFlow, MediaVerdict] = {
    MediaFlow.BOTH: MediaVerdict.FINE,
    MediaFlow.IN_UNCONFIRMED: MediaVerdict.FINE,
    MediaFlow.IN_ONLY: MediaVerdict.ONE_WAY,
    MediaFlow.OUT_ONLY: MediaVerdict.ONE_WAY,
    MediaFlow.NONE: MediaVerdict.SILENT,
}

_NOTHING_CAME = frozenset((MediaFlow.OUT_ONLY, MediaFlow.NONE))


def flow(seen: MediaSeen) -> MediaFlow:
    """Say which ways media was seen to flow."""
    return FLOWS[seen.received_packets > 0, seen.ours]


def media_verdict(seen: MediaSeen) -> MediaVerdict:
    """Say what it comes to; what was agreed not to flow is missed by nobody."""
    seen_flow = flow(seen)
    if seen_flow in _NOTHING_CAME:
        if not seen.may_receive or seen.listened_seconds < LEAST_LISTENED_SECONDS:
            return MediaVerdict.UNJUDGED
        if seen.address_seen is not True:
            return MediaVerdict.OUR_NAT
    if seen_flow is MediaFlow.IN_ONLY and not seen.may_send:
        return MediaVerdict.FINE
    return VERDICTS[seen_flow]
