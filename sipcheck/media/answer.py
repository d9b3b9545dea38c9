"""What a peer's SDP comes to for us: a stream that can be used, or the one thing that does not fit (RFC 3264 §6)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from sipcheck.errors import Unreadable
from sipcheck.host import plain_address
from sipcheck.media.codec import Codec
from sipcheck.media.encryption import SrtpKey, read_crypto
from sipcheck.media.offer import ENCRYPTED, PLAIN
from sipcheck.media.session_description import MediaDescription, SessionDescription
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.printable import one_line
from sipcheck.target import HostPort

_FEEDBACK = re.compile(r"(RTP/S?AVP)F")  # RFC 4585, which changes nothing for us
_RTCP = re.compile(r"([0-9]{1,5})(?:[ \t]+IN[ \t]+IP[46][ \t]+(\S+))?", re.ASCII)
_SHOWN_FORMATS = 12
_SHOWN_CHARACTERS = 40
# What RFC 2543 wrote for a call on hold; nothing can be sent there (RFC 3264 §8.4).
_HELD = frozenset(("0.0.0.0", "::"))


class MediaFault(StrEnum):
    """Why a peer's SDP gives no stream."""

    UNREADABLE = "unreadable"
    NO_AUDIO = "no-audio"
    AUDIO_REFUSED = "audio-refused"
    ENCRYPTION_WANTED = "encryption-wanted"
    ENCRYPTION_REFUSED = "encryption-refused"
    PROTOCOL = "protocol"
    KEY = "key"
    NO_CODEC = "no-codec"
    NO_ADDRESS = "no-address"
    NAMED_HOST = "named-host"
    OTHER_FAMILY = "other-family"


@dataclass(frozen=True, slots=True)
class MediaMisfit:
    """What was seen in place of a stream; `sentence` says it."""

    fault: MediaFault
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedMedia:
    """A stream that fits: where it goes, by which codec, and which ways.

    `sends` and `receives` are ours; `streams` counts the `m=` lines, of which only this one is used.
    `payload_types` are the codecs by the numbers under which the peer may send them. `rtcp` is null where the peer
    takes none apart; `key` is the peer's, with which it encrypts.
    """

    codec: Codec
    payload_type: int
    payload_types: tuple[tuple[int, Codec], ...]
    remote: HostPort
    rtcp: HostPort | None
    sends: bool
    receives: bool
    telephone_event: int | None = None
    held: bool = False
    key: SrtpKey | None = field(default=None, repr=False)
    streams: int = 1


def agree(
    body: bytes,
    *,
    local_address: str,
    codecs: Sequence[Codec],
    key: SrtpKey | None = None,
) -> AgreedMedia | MediaMisfit:
    """Judge a peer's SDP against what we speak: an answer to our offer, or an offer that we answer.

    `local_address` is ours, whose family media has; with a `key` of ours it has to be encrypted. Of several audio
    streams the first that is not refused counts.
    """
    try:
        session = SessionDescription.parse(body)
    except Unreadable as fault:
        return MediaMisfit(MediaFault.UNREADABLE, fault.sentence)
    audio = [each for each in session.media if each.kind == "audio"]
    open_audio = [each for each in audio if each.port]
    if not audio:
        return _misfit(MediaFault.NO_AUDIO, kinds=_shown([each.kind for each in session.media]))
    if not open_audio:
        return _misfit(MediaFault.AUDIO_REFUSED)
    return _judge(open_audio[0], len(session.media), local_address, codecs, key)


def _judge(
    media: MediaDescription, streams: int, local_address: str, codecs: Sequence[Codec], key: SrtpKey | None
) -> AgreedMedia | MediaMisfit:
    protocol = _FEEDBACK.sub(r"\1", media.protocol)
    keys = filter(None, map(read_crypto, media.values("crypto")))
    # An answer keeps the tag and the suite of the offer that it takes (RFC 4568 §5.1.2).
    peers_key = next((each for each in keys if key is None or each.suite is key.suite), None)
    if protocol != (PLAIN if key is None else ENCRYPTED):
        return _other_protocol(protocol)
    if key is not None and peers_key is None:
        return _misfit(MediaFault.KEY)
    usable = list(_usable(media, codecs))
    if not usable:
        return _misfit(MediaFault.NO_CODEC, formats=_shown(_named_formats(media)))
    address = _judge_address(media.address, local_address)
    if isinstance(address, MediaMisfit):
        return address
    payload_type, codec = usable[0]
    held = address in _HELD
    return AgreedMedia(
        codec=codec,
        payload_type=payload_type,
        payload_types=tuple(usable),
        remote=HostPort(address, media.port),
        rtcp=_rtcp(media, address),
        sends=media.direction.receives and not held,
        receives=media.direction.sends,
        telephone_event=_telephone_event(media),
        held=held or not media.direction.receives,
        key=peers_key,
        streams=streams,
    )


def _usable(media: MediaDescription, codecs: Sequence[Codec]) -> Iterator[tuple[int, Codec]]:
    """The formats that we speak, in the peer's order; a static type needs no `rtpmap` (RFC 3551 §6)."""
    encodings = media.encodings
    static = {codec.payload_type: codec for codec in Codec}
    for text in media.formats:
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128):
            continue
        number = int(text)
        written = encodings.get(str(number))
        codec = static.get(number) if written is None else Codec.mapped(written)
        if codec is not None and codec in codecs:
            yield number, codec


def _other_protocol(protocol: str) -> MediaMisfit:
    shown = one_line(protocol, _SHOWN_CHARACTERS)
    if protocol == PLAIN:
        return _misfit(MediaFault.ENCRYPTION_REFUSED, protocol=shown)
    if protocol == ENCRYPTED:
        return _misfit(MediaFault.ENCRYPTION_WANTED, protocol=shown)
    return _misfit(MediaFault.PROTOCOL, protocol=shown)


def _judge_address(written: str | None, local_address: str) -> str | MediaMisfit:
    if written is None:
        return _misfit(MediaFault.NO_ADDRESS)
    try:
        address = plain_address(written.strip("[]"))
    except ValueError:
        return _misfit(MediaFault.NAMED_HOST, host=one_line(written, _SHOWN_CHARACTERS))
    if address not in _HELD and ip_address(address).version != ip_address(local_address).version:
        return _misfit(MediaFault.OTHER_FAMILY, address=address, ours=local_address)
    return address


def _rtcp(media: MediaDescription, address: str) -> HostPort | None:
    """Where RTCP goes: beside RTP where both share a port, as `rtcp` names it, else the next port (RFC 3550 §11)."""
    if any(True for _ in media.values("rtcp-mux")):
        return HostPort(address, media.port)
    written = next(filter(None, map(_RTCP.fullmatch, media.values("rtcp"))), None)
    if written is not None and 0 < int(written[1]) < 65536:
        return _literal(written[2] or address, int(written[1]))
    return HostPort(address, media.port + 1) if media.port < 65535 else None


def _literal(host: str, port: int) -> HostPort | None:
    try:
        return HostPort(plain_address(host), port)
    except ValueError:
        return None


def _telephone_event(media: MediaDescription) -> int | None:
    for number, encoding in media.encodings.items():
        if encoding.lower().startswith("telephone-event/8000") and number in media.formats:
            return int(number)
    return None


def _named_formats(media: MediaDescription) -> list[str]:
    encodings = media.encodings
    return [encodings.get(each, each) for each in media.formats]


def _shown(values: Sequence[str]) -> str | Sentence:
    shown = [one_line(each, _SHOWN_CHARACTERS) for each in values[:_SHOWN_FORMATS]]
    return listed(shown, Joint.COMMA) if shown else Sentence("media.nothing")


def _misfit(fault: MediaFault, **parameters: object) -> MediaMisfit:
    return MediaMisfit(fault, Sentence.of(f"media.misfit.{fault}", **parameters))
