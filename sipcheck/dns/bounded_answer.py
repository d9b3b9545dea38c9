"""A DNS message cut to what is used of it, before it is read: a zone's answer costs the same, however large it is.

dnspython takes 40 µs for each record, for a name the square of its labels, and follows as many compression pointers as
64 KB hold. Here no more is read than the first `MAX_RECORDS` records, and what they point to within the bounds of a
name (RFC 1035 §3.1, §4.1.4).
"""

import struct
from dataclasses import dataclass

# Far above what carriers publish, and 3 ms of dnspython's time.
MAX_RECORDS = 64
# Of a name in a record, where it is not the one that was asked for.
MAX_LABELS = 24

_MAX_NAME_OCTETS = 255
_MAX_POINTERS = 127  # one for each label that a name can have
_IN = 1
_CNAME, _SRV, _NAPTR, _OPT = 5, 33, 35, 41
_TYPE_OFFSETS = {_CNAME: 0, _SRV: 6}  # where the name stands in the record's data
_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")
_TO_QUESTION = b"\xc0\x0c"


class MessageUnreadable(Exception):
    """The message is not what RFC 1035 §4 describes."""


@dataclass(frozen=True, slots=True)
class BoundedMessage:
    """A message without compression; `left_aside` counts the answers beyond the bounds, as far as it claims them."""

    wire: bytes
    left_aside: int


def bound_message(wire: bytes) -> BoundedMessage:
    """Keep the header, the question, and of the first answers those that were asked for or lead on (CNAME).

    The response code's upper bits, which stand in OPT (RFC 6891 §6.1.3), are kept. Raises MessageUnreadable.
    """
    try:
        return _Reading(wire).bounded()
    except (struct.error, IndexError) as error:
        raise MessageUnreadable("the message ends too early") from error


class _Reading:
    """One pass over a message from its start."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._at = _HEADER.size
        self._left_aside = 0

    def bounded(self) -> BoundedMessage:
        number, flags, questions, answers, authorities, further = _HEADER.unpack_from(self._wire)
        if questions != 1:
            # A refusal may come without its question (RFC 1035 §4.1.2); with two nobody knows which was answered.
            header = _HEADER.pack(number, flags, 0, 0, 0, 0)
            if questions:
                raise MessageUnreadable("the message has more than one question")
            return BoundedMessage(header, 0)
        asked_name = self._name()
        asked_type, asked_class = struct.unpack_from("!HH", self._wire, self._at)
        self._at += 4
        records = [self._record(asked_name, asked_type) for _ in range(min(answers, MAX_RECORDS))]
        kept = [record for record in records if record]
        surplus = max(0, answers - MAX_RECORDS)
        extended = b"" if surplus else self._extended(authorities + further)
        header = _HEADER.pack(number, flags, 1, len(kept), 0, 1 if extended else 0)
        question = asked_name + struct.pack("!HH", asked_type, asked_class)
        return BoundedMessage(b"".join((header, question, *kept, extended)), self._left_aside + surplus)

    def _record(self, asked_name: bytes, asked_type: int) -> bytes:
        """Read one record; empty where it is none of those that are used."""
        owner = self._name()
        kind, record_class, ttl, length = _FIXED.unpack_from(self._wire, self._at)
        start = self._at + _FIXED.size
        self._at = start + length
        if self._at > len(self._wire):
            raise MessageUnreadable("a record is longer than the message")
        if record_class != _IN or kind not in (asked_type, _CNAME):
            return b""
        data, name = self._data(kind, start, length)
        written = _TO_QUESTION if owner == asked_name else owner
        if _labels(name) > MAX_LABELS or _labels(written) > MAX_LABELS:
            self._left_aside += 1
            return b""
        data += name
        return written + _FIXED.pack(kind, record_class, ttl, len(data)) + data

    def _data(self, kind: int, start: int, length: int) -> tuple[bytes, bytes]:
        """A record's data, and the name at its end written out; empty where its kind has none."""
        offset = _TYPE_OFFSETS.get(kind)
        if kind == _NAPTR:
            offset = 4
            for _ in range(3):  # flags, service, regular expression (RFC 3403 §4.1)
                offset += 1 + self._wire[start + offset]
        if offset is None:
            return self._wire[start : start + length], b""
        if offset > length:
            raise MessageUnreadable("a record's text is longer than the record")
        return self._wire[start : start + offset], self._name_at(start + offset)[0]

    def _extended(self, records: int) -> bytes:
        """OPT without its options, where it stands among the first records."""
        for _ in range(min(records, MAX_RECORDS)):
            self._name()
            kind, payload, extended_flags, length = _FIXED.unpack_from(self._wire, self._at)
            self._at += _FIXED.size + length
            if kind == _OPT:
                return b"\0" + _FIXED.pack(_OPT, payload, extended_flags, 0)
        return b""

    def _name(self) -> bytes:
        name, self._at = self._name_at(self._at)
        return name

    def _name_at(self, at: int) -> tuple[bytes, int]:
        """Read a name without its compression, and where what follows it begins."""
        wire = self._wire
        labels: list[bytes] = []
        octets, pointers, after = 1, 0, -1
        while length := wire[at]:
            if length < 0x40:
                labels.append(wire[at : at + 1 + length])
                octets += 1 + length
                at += 1 + length
            elif length >= 0xC0:
                after = at + 2 if after < 0 else after
                pointers += 1
                at = (length & 0x3F) << 8 | wire[at + 1]
            else:
                raise MessageUnreadable("a name has a label of an unknown kind")
            if octets > _MAX_NAME_OCTETS or pointers > _MAX_POINTERS:
                raise MessageUnreadable("a name is longer than a name can be")
        return b"".join(labels) + b"\0", at + 1 if after < 0 else after


def _labels(name: bytes) -> int:
    """Count the labels of a name without compression; a pointer to the question has none of its own."""
    at = count = 0
    while at < len(name) and 0 < name[at] < 0x40:
        at += 1 + name[at]
        count += 1
    return count
