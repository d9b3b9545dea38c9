"""What LiveKit's SIP service offers, and which answers it can use."""

import base64
import re
import secrets

from livekit.protocol.sip import SIPMediaConfig, SIPMediaEncryption

from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.sip_status import failed

# In the order of the offer, whatever the trunk's: payload type and name.
_CODECS = {"g722/8000": (9, "G722/8000"), "pcmu/8000": (0, "PCMU/8000"), "pcma/8000": (8, "PCMA/8000")}
_RATES = {"G722": 8000, "PCMU": 8000, "PCMA": 8000, "AMR-WB": 16000}
_PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_256_CM_HMAC_SHA1_32": 46,
}
DISABLE = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE
REQUIRE = SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE


def codecs_of(media: SIPMediaConfig) -> list[str]:
    """Name the codecs to offer. Raises Refusal; a codec that it does not know is left out in silence."""
    if media.only_listed_codecs and not media.codecs:
        raise Refusal("unknown", "no codecs specified")
    listed = set() if media.only_listed_codecs else set(_CODECS)
    for codec in media.codecs:
        rate = codec.rate or _RATES.get(codec.name)
        if rate is None:
            raise Refusal("unknown", f'sample rate not specified for codec: "{codec.name}"')
        listed.add(f"{codec.name}/{rate}".lower())
    return [name for name in _CODECS if name in listed]


def make_offer(host: str, codecs: list[str], encryption: int) -> str:
    """Write the SDP; with encryption SAVP alone is offered, also where plain would be taken."""
    offered = [_CODECS[each] for each in codecs] + [(101, "telephone-event/8000")]
    types = " ".join(str(number) for number, _ in offered)
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=LiveKit", f"c=IN IP4 {host}", "t=0 0"]
    lines.append(f"m=audio 40000 RTP/{'AVP' if encryption == DISABLE else 'SAVP'} {types}")
    lines += [f"a=rtpmap:{number} {name}" for number, name in offered]
    lines.append("a=fmtp:101 0-16")
    if encryption != DISABLE:
        lines += [
            f"a=crypto:{index} {name} inline:{base64.b64encode(secrets.token_bytes(octets)).decode()}"
            for index, (name, octets) in enumerate(_PROFILES.items(), 1)
        ]
    return "".join(f"{line}\r\n" for line in [*lines, "a=ptime:20", "a=sendrecv"])


def require_answer(answer: str, codecs: list[str], encryption: int) -> None:
    """Raise Refusal for an answer that no call can be made of."""
    names = {name.strip().lower() for name in re.findall(r"^a=rtpmap:\d+ (.*?)\r?$", answer, re.MULTILINE)}
    if not names & set(codecs):
        raise failed("common audio codec not found")
    if encryption == REQUIRE and "a=crypto:" not in answer:
        raise failed("no common encryption profiles")
