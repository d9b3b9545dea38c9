"""SDP as peers send it: read tolerantly, within bounds (RFC 4566, RFC 8866). No judgement here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.errors import Unreadable

MAX_OCTETS = 16_384
MAX_LINES = 600
MAX_MEDIA = 16
MAX_FORMATS = 64

_LINE = re.compile(r"([A-Za-z])[ \t]*=[ \t]*(.*)", re.DOTALL)
_PORT = re.compile(r"([0-9]{1,5})(?:/[0-9]{1,3})?", re.ASCII)
_PAYLOAD_TYPE = re.compile(r"([0-9]{1,3})[ \t]+(.+)", re.ASCII)


class MediaDirection(StrEnum):
    """Which way media flows, as whoever wrote it sees it (RFC 3264 §5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (MediaDirection.SENDRECV, MediaDirection.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (MediaDirection.SENDRECV, MediaDirection.RECVONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription:
    """One `m=` line with what stands under it; `address` is its own `c=`, else the session's, as it was written."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str | None
    direction: MediaDirection
    attributes: tuple[tuple[str, str], ...]

    def values(self, name: str) -> Iterator[str]:
        """The values of an attribute, in their order; an attribute without one has an empty value."""
        return (value for each, value in self.attributes if each == name)

    @property
    def encodings(self) -> dict[str, str]:
        """What each payload type stands for, by its `rtpmap`; the first that is given counts."""
        found: dict[str, str] = {}
        for value in self.values("rtpmap"):
            if mapped := _PAYLOAD_TYPE.fullmatch(value):
                found.setdefault(str(int(mapped[1])), mapped[2])
        return found


@dataclass(frozen=True, slots=True)
class SessionDescription:
    media: tuple[MediaDescription, ...]

    @classmethod
    def parse(cls, body: bytes) -> "SessionDescription":
        """Read a body. Raises Unreadable with what is wrong.

        Any line end, spaces around the equals sign, lines of unknown types and unknown attributes are read over; what
        was cut off or cannot be an `m=` line is not.
        """
        if len(body) > MAX_OCTETS:
            raise Unreadable("media.sdp.long", count=len(body), most=MAX_OCTETS)
        lines = _lines(body.decode("utf-8", "replace"))
        session: list[tuple[str, str]] = []
        media: list[list[tuple[str, str]]] = []
        for kind, value in lines:
            if kind == "m":
                media.append([])
            (media[-1] if media else session).append((kind, value))
        if len(media) > MAX_MEDIA:
            raise Unreadable("media.sdp.many", count=len(media), most=MAX_MEDIA)
        return cls(tuple(_read_media(each, session) for each in media))


def _lines(text: str) -> list[tuple[str, str]]:
    written = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    if len(written) > MAX_LINES:
        raise Unreadable("media.sdp.lines", count=len(written), most=MAX_LINES)
    read = [line for line in map(_LINE.match, written) if line is not None]
    found = [(line[1].lower(), line[2].strip()) for line in read]
    if not found or found[0][0] != "v":
        raise Unreadable("media.sdp.none")
    return found


def _read_media(lines: list[tuple[str, str]], session: list[tuple[str, str]]) -> MediaDescription:
    words = lines[0][1].split()
    port = _PORT.fullmatch(words[1]) if len(words) > 1 else None
    if port is None or len(words) < 3 or int(port[1]) > 65535:
        raise Unreadable("media.sdp.m-line", line=repr(lines[0][1][:60]))
    attributes = tuple(_attribute(value) for kind, value in lines if kind == "a")
    inherited = tuple(_attribute(value) for kind, value in session if kind == "a")
    return MediaDescription(
        kind=words[0].lower(),
        port=int(port[1]),
        protocol=words[2].upper(),
        formats=tuple(words[3 : 3 + MAX_FORMATS]),
        address=_address(lines) or _address(session),
        direction=_direction(attributes) or _direction(inherited) or MediaDirection.SENDRECV,
        attributes=(*attributes, *((name, value) for name, value in inherited if name == "crypto")),
    )


def _attribute(value: str) -> tuple[str, str]:
    name, _, rest = value.partition(":")
    return name.strip().lower(), rest.strip()


def _address(lines: list[tuple[str, str]]) -> str | None:
    """The address of the first `c=` line, without a multicast's lifetime and count."""
    value = next((value for kind, value in lines if kind == "c"), None)
    words = value.split() if value is not None else ()
    return words[2].partition("/")[0] if len(words) > 2 else None


def _direction(attributes: tuple[tuple[str, str], ...]) -> MediaDirection | None:
    """The last that is given counts: some write their default first."""
    found = [name for name, _ in attributes if name in set(MediaDirection)]
    return MediaDirection(found[-1]) if found else None
