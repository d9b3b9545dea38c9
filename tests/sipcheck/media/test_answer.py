"""SDP as carriers send it, and what does not fit: a row is a body, and what is read of it (RFC 3264, RFC 4566)."""

import os
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcheck.media.answer import AgreedMedia, MediaFault, MediaMisfit, agree
from sipcheck.media.codec import Codec
from sipcheck.media.encryption import CryptoSuite, SrtpKey, read_crypto
from sipcheck.media.offer import Offer
from sipcheck.media.session_description import MAX_OCTETS, SessionDescription
from sipcheck.phrases.words import phrase
from sipcheck.report.redaction import redact
from sipcheck.target import HostPort

OURS = "192.0.2.1"
BOTH = (Codec.PCMU, Codec.PCMA)
KEY = SrtpKey(1, CryptoSuite.AES_80, bytes(range(30)))


def body(
    *media: str, c: str | None = "IN IP4 198.51.100.7", session: str = "", line_end: str = "\r\n"
) -> bytes:
    lines = ["v=0", "o=- 1 1 IN IP4 198.51.100.7", "s=-", *([f"c={c}"] if c else []), "t=0 0"]
    lines += [line for line in (session, *media) if line]
    return (line_end.join(lines) + line_end).encode()


def judged(data: bytes, **options: object) -> AgreedMedia:
    found = agree(data, **{"local_address": OURS, "codecs": BOTH, **options})  # type: ignore[arg-type]
    assert isinstance(found, AgreedMedia), phrase(found.sentence)
    return found


# What carriers write, and of it: codec and payload type, where RTP and RTCP go, and which ways.
GOOD = {
    "the plainest": (body("m=audio 4000 RTP/AVP 0"), ("pcmu", 0, "198.51.100.7:4000", 4001, True, True)),
    "theirs first": (
        body("m=audio 4000 RTP/AVP 8 0 101"),
        ("pcma", 8, "198.51.100.7:4000", 4001, True, True),
    ),
    "unknown codecs among them": (
        body("m=audio 4000 RTP/AVP 9 18 8", "a=rtpmap:9 G722/8000", "a=rtpmap:18 G729/8000"),
        ("pcma", 8, "198.51.100.7:4000", 4001, True, True),
    ),
    "a dynamic number": (
        body("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcmu/8000/1"),
        ("pcmu", 96, "198.51.100.7:4000", 4001, True, True),
    ),
    "a static number for something else": (
        body("m=audio 4000 RTP/AVP 0 8", "a=rtpmap:0 G729/8000"),
        ("pcma", 8, "198.51.100.7:4000", 4001, True, True),
    ),
    "sendonly": (
        body("m=audio 4000 RTP/AVP 0", "a=sendonly"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, False, True),
    ),
    "recvonly": (
        body("m=audio 4000 RTP/AVP 0", "a=recvonly"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, False),
    ),
    "inactive for the session": (
        body("m=audio 4000 RTP/AVP 0", session="a=inactive"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, False, False),
    ),
    "the stream's own direction counts": (
        body("m=audio 4000 RTP/AVP 0", "a=sendrecv", session="a=inactive"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "held as of old": (
        body("m=audio 4000 RTP/AVP 0", c="IN IP4 0.0.0.0"),
        ("pcmu", 0, "0.0.0.0:4000", 4001, False, True),
    ),
    "its own address": (
        body("m=audio 4000 RTP/AVP 0", "c=IN IP4 203.0.113.9/127"),
        ("pcmu", 0, "203.0.113.9:4000", 4001, True, True),
    ),
    "no address for the session": (
        body("m=audio 4000 RTP/AVP 0", "c=IN IP4 203.0.113.9", c=None),
        ("pcmu", 0, "203.0.113.9:4000", 4001, True, True),
    ),
    "rtcp elsewhere": (
        body("m=audio 4000 RTP/AVP 0", "a=rtcp:5555 IN IP4 203.0.113.9"),
        ("pcmu", 0, "198.51.100.7:4000", 5555, True, True),
    ),
    "rtcp beside": (
        body("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"),
        ("pcmu", 0, "198.51.100.7:4000", 4000, True, True),
    ),
    "rtcp nowhere": (
        body("m=audio 4000 RTP/AVP 0", "a=rtcp:5555 IN IP4 media.example"),
        ("pcmu", 0, "198.51.100.7:4000", None, True, True),
    ),
    "the last port": (body("m=audio 65535 RTP/AVP 0"), ("pcmu", 0, "198.51.100.7:65535", None, True, True)),
    "ports for several": (
        body("m=audio 4000/2 RTP/AVP 0"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "with feedback": (body("m=audio 4000 RTP/AVPF 0"), ("pcmu", 0, "198.51.100.7:4000", 4001, True, True)),
    "lines ended by LF": (
        body("m=audio 4000 RTP/AVP 0", line_end="\n"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "spaces, other letters, odd lines": (
        b"v= 0\r\nc = IN IP4 198.51.100.7\r\nm=AUDIO 4000 rtp/avp 0\r\n\r\nnonsense\r\nzz\r\na=PTIME: 20\r\n",
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "video refused beside": (
        body("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 96"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "fax refused before": (
        body("m=image 0 udptl t38", "m=audio 4000 RTP/AVP 0"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
    "the second audio is the open one": (
        body("m=audio 0 RTP/AVP 0", "m=audio 4002 RTP/AVP 8"),
        ("pcma", 8, "198.51.100.7:4002", 4003, True, True),
    ),
    "an IPv4 address in IPv6's form": (
        body("m=audio 4000 RTP/AVP 0", c="IN IP6 ::ffff:198.51.100.7"),
        ("pcmu", 0, "198.51.100.7:4000", 4001, True, True),
    ),
}


@pytest.mark.parametrize(("data", "expected"), GOOD.values(), ids=list(GOOD))
def test_what_carriers_write_is_read(data: bytes, expected: tuple[object, ...]) -> None:
    agreed = judged(data)
    port = None if agreed.rtcp is None else agreed.rtcp.port
    assert (
        agreed.codec,
        agreed.payload_type,
        str(agreed.remote),
        port,
        agreed.sends,
        agreed.receives,
    ) == expected


# What does not fit, and what is said of it.
MISFITS = {
    "empty": (b"", "unreadable", "it is no SDP"),
    "text": (b"hello", "unreadable", "it is no SDP"),
    "xml": (b"<sdp/>", "unreadable", "it is no SDP"),
    "an m-line without a port": (body("m=audio"), "unreadable", "names no port"),
    "a port of letters": (body("m=audio x RTP/AVP 0"), "unreadable", "names no port"),
    "a port beyond the last": (body("m=audio 65536 RTP/AVP 0"), "unreadable", "names no port"),
    "a port in other digits": (body("m=audio ٤٠٠٠ RTP/AVP 0"), "unreadable", "names no port"),
    "no stream": (body(), "no-audio", "but nothing"),
    "no audio": (body("m=image 4000 udptl t38"), "no-audio", "but image"),
    "refused": (body("m=audio 0 RTP/AVP 0"), "audio-refused", "port 0"),
    "other codecs": (
        body("m=audio 4000 RTP/AVP 18 97", "a=rtpmap:97 opus/48000/2"),
        "no-codec",
        "but 18, opus/48000/2",
    ),
    "no codec": (body("m=audio 4000 RTP/AVP"), "no-codec", "but nothing"),
    "keys alone": (
        body("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        "no-codec",
        "telephone-event",
    ),
    "a wideband PCMU": (body("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"), "no-codec", "PCMU/16000"),
    "no address": (body("m=audio 4000 RTP/AVP 0", c=None), "no-address", "no address"),
    "a name": (body("m=audio 4000 RTP/AVP 0", c="IN IP4 media.example"), "named-host", "media.example"),
    "IPv6": (body("m=audio 4000 RTP/AVP 0", c="IN IP6 2001:db8::7"), "other-family", "2001:db8::7"),
    "encrypted": (body("m=audio 4000 RTP/SAVP 0"), "encryption-wanted", "RTP/SAVP"),
    "webrtc": (body("m=audio 4000 UDP/TLS/RTP/SAVPF 0"), "protocol", "UDP/TLS/RTP/SAVP"),
    "a terminal's orders": (body("m=audio 4000 RTP/AVP 0", c="IN IP4 \x1b[2J"), "named-host", "�[2J"),
}


@pytest.mark.parametrize(("data", "fault", "said"), MISFITS.values(), ids=list(MISFITS))
def test_what_does_not_fit_is_said(data: bytes, fault: str, said: str) -> None:
    found = agree(data, local_address=OURS, codecs=BOTH)
    assert isinstance(found, MediaMisfit)
    assert (found.fault, said in phrase(found.sentence)) == (fault, True), phrase(found.sentence)


def test_every_fault_is_provoked() -> None:
    encrypted_ones = {MediaFault.ENCRYPTION_REFUSED, MediaFault.KEY}
    assert {fault for _, fault, _ in MISFITS.values()} | encrypted_ones == set(MediaFault)


def test_only_what_was_offered_counts() -> None:
    found = agree(body("m=audio 4000 RTP/AVP 0"), local_address=OURS, codecs=[Codec.PCMA])
    assert isinstance(found, MediaMisfit)
    assert found.fault is MediaFault.NO_CODEC


@pytest.mark.parametrize("lines", [["m=audio 1000 RTP/AVP 0"] * 17, ["a=x"] * 600, ["a=" + "x" * MAX_OCTETS]])
def test_what_is_too_much_is_not_read(lines: list[str]) -> None:
    found = agree(body(*lines), local_address=OURS, codecs=BOTH)
    assert isinstance(found, MediaMisfit)
    assert "at most" in phrase(found.sentence)


@pytest.mark.parametrize("host", [OURS, "2001:db8::1"])
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_our_own_offer_can_be_agreed_to(host: str, key: SrtpKey | None) -> None:
    offer = Offer(media=HostPort(host, 4000), session_id=7, key=key)
    agreed = judged(offer.body(), local_address=host, key=key)
    assert (agreed.remote, agreed.codec, agreed.telephone_event) == (offer.media, Codec.PCMU, 101)
    assert agreed.key == key


def test_encryption_that_one_side_alone_wants() -> None:
    plain = agree(body("m=audio 4000 RTP/AVP 0"), local_address=OURS, codecs=BOTH, key=KEY)
    keyless = agree(body("m=audio 4000 RTP/SAVP 0"), local_address=OURS, codecs=BOTH, key=KEY)
    assert [each.fault for each in (plain, keyless) if isinstance(each, MediaMisfit)] == [
        MediaFault.ENCRYPTION_REFUSED,
        MediaFault.KEY,
    ]


_OCTETS = b64encode(bytes(range(30))).decode()
# The value of a `crypto` attribute, and whether its key can be used.
CRYPTO = {
    f"1 AES_CM_128_HMAC_SHA1_80 inline:{_OCTETS}": True,
    f"1 AES_CM_128_HMAC_SHA1_32 inline:{_OCTETS}|2^31": True,
    f"1 AES_CM_128_HMAC_SHA1_80 inline:{_OCTETS}|2^20|1:4": False,
    f"1 AES_CM_128_HMAC_SHA1_80 inline:{_OCTETS} UNENCRYPTED_SRTP": False,
    f"1 AEAD_AES_256_GCM inline:{_OCTETS}": False,
    "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA": False,
    "1 AES_CM_128_HMAC_SHA1_80 inline:=": False,
    "1 AES_CM_128_HMAC_SHA1_80": False,
    "": False,
}


@pytest.mark.parametrize(("value", "usable"), CRYPTO.items())
def test_which_key_can_be_used(value: str, usable: bool) -> None:
    assert (read_crypto(value) is not None) is usable


def test_a_key_is_never_shown() -> None:
    offer = Offer(media=HostPort(OURS, 4000), session_id=7, key=KEY)
    written = offer.body().decode()
    assert _OCTETS in written
    assert _OCTETS not in redact(written)
    assert "inline:<redacted>" in redact(written)
    assert _OCTETS not in redact(f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 INLINE:{_OCTETS}|2^20|1:4")
    for shown in (repr(KEY), repr(offer), repr(judged(offer.body(), key=KEY))):
        assert str(bytes(range(30))) not in shown


def test_no_key_is_made_twice() -> None:
    made = {SrtpKey(1, CryptoSuite.AES_80, os.urandom(30)).attribute for _ in range(8)}
    assert len(made) == 8


LINES = [
    "v=0", "s=-", "c=IN IP4 198.51.100.7", "c=IN IP6 ::1", "c=", "m=audio 4000 RTP/AVP 0 8 101", "m=audio 0 RTP/AVP 0",
    "m=video 1 RTP/SAVPF 96", "m=", "a=rtpmap:0 PCMU/8000", "a=rtpmap:999 x/1", "a=sendonly", "a=rtcp:99999 IN IP4 x",
    "a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "a=", "=", "\x00",
    "é", "m=audio 1/9 a " + "9 " * 80,
]  # fmt: skip


@given(
    lines=st.lists(st.sampled_from(LINES), max_size=30),
    noise=st.binary(max_size=40),
    key=st.sampled_from([None, KEY]),
)
def test_whatever_comes_is_a_stream_or_a_misfit(lines: list[str], noise: bytes, key: SrtpKey | None) -> None:
    data = "\r\n".join(["v=0", *lines]).encode() + noise
    for each in (data, noise, noise + data):
        found = agree(each, local_address=OURS, codecs=BOTH, key=key)
        if isinstance(found, MediaMisfit):
            assert phrase(found.sentence)
            continue
        assert found.remote.port
        assert found.codec in BOTH
        assert SessionDescription.parse(each).media
