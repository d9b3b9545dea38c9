"""Messages out of a byte stream (RFC 3261 §18.3)."""

import re
from dataclasses import dataclass, field

from sipcheck.errors import MalformedMessage, NotSip, ParseError
from sipcheck.message.header_block import find_body, read_header_block, skip_line_ends
from sipcheck.message.start_line import may_open_sip, parse_start_line

MAXIMUM_MESSAGE_BYTES = 65535  # what a datagram could carry (§18.1.1)

# Each mention of a length, with its digits where the line is plain.
_LENGTH = re.compile(
    rb"\n(?:Content-Length|l)[ \t]*+:(?:[ \t]*+([0-9]{1,5})[ \t]*+(?=\r?\n))?", re.IGNORECASE
)
_LINE_FEED_BEFORE_SPACE = re.compile(rb"\n[ \t]")


@dataclass(slots=True, eq=False, repr=False)
class StreamFramer:
    """Cuts a stream into messages by Content-Length, however its bytes are split or joined."""

    # Why the stream cannot be cut any further; it is known at once, also behind whole messages.
    fault: ParseError | None = None
    _buffer: bytearray = field(default_factory=bytearray)
    _start_line_read: bool = False
    _searched: int = 0
    _length: int | None = None

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished message are held."""
        return bool(self._buffer)

    @property
    def held(self) -> bytes:
        """The bytes of a message that is not whole yet, or that can never be."""
        return bytes(self._buffer)

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """Take bytes, give the messages they complete; line ends between messages (keep-alives) are skipped.

        Raises NotSip and MalformedMessage, now and ever after, for a stream that cannot be cut any further.
        Messages that were complete before the fault are given first: `fault` tells of it, and the next call raises.
        """
        if self.fault is not None:
            raise self.fault
        self._buffer += data
        messages: list[bytes] = []
        try:
            while (message := self._take()) is not None:
                messages.append(message)
        except ParseError as error:
            self.fault = error
            if not messages:
                raise
        return messages

    def _take(self) -> bytes | None:
        if self._length is None:
            self._length = self._measure()
        if self._length is None or len(self._buffer) < self._length:
            return None
        message = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._start_line_read, self._searched, self._length = False, 0, None
        return message

    def _measure(self) -> int | None:
        if not self._start_line_read and not self._read_start_line():
            return None
        body_start = find_body(self._buffer, max(0, self._searched - 2))
        self._searched = len(self._buffer)
        if (body_start or self._searched) > MAXIMUM_MESSAGE_BYTES:
            raise MalformedMessage("message.long-header", most=MAXIMUM_MESSAGE_BYTES)
        if body_start is None:
            return None
        content_length = _content_length(bytes(self._buffer[:body_start]))
        if content_length is None:
            raise MalformedMessage("message.no-length")
        if body_start + content_length > MAXIMUM_MESSAGE_BYTES:
            raise MalformedMessage("message.long", most=MAXIMUM_MESSAGE_BYTES)
        return body_start + content_length

    def _read_start_line(self) -> bool:
        if not self._searched:
            del self._buffer[: skip_line_ends(self._buffer)]
        if not self._buffer:
            return False
        line_end = self._buffer.find(b"\n", self._searched)
        if line_end < 0:
            self._searched = len(self._buffer)
            if not may_open_sip(self._buffer):
                raise NotSip
            if self._searched > MAXIMUM_MESSAGE_BYTES:
                raise MalformedMessage("message.long-start-line", most=MAXIMUM_MESSAGE_BYTES)
            return False
        line = bytes(self._buffer[:line_end]).removesuffix(b"\r")
        parse_start_line(line.decode("utf-8", "surrogateescape"))
        self._start_line_read, self._searched = True, line_end
        return True


def _content_length(header: bytes) -> int | None:
    """Read Content-Length; what is not written plainly, once, is left to the tolerant reading of all lines."""
    lengths = _LENGTH.findall(header)
    plain = header.count(b"\r") == header.count(b"\r\n") and not _LINE_FEED_BEFORE_SPACE.search(header)
    if plain and len(lengths) == 1 and lengths[0]:
        return int(lengths[0])
    return read_header_block(header).content_length
