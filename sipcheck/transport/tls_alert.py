"""The alert by which a peer ends a handshake of TLS: its number and its name (RFC 8446 §6, RFC 5246 §7.2)."""

import re

from sipcheck.phrases.sentence import Sentence

_NUMBERS = {
    "close notify": 0,
    "unexpected message": 10,
    "bad record mac": 20,
    "record overflow": 22,
    "decompression failure": 30,
    "handshake failure": 40,
    "bad certificate": 42,
    "unsupported certificate": 43,
    "certificate revoked": 44,
    "certificate expired": 45,
    "certificate unknown": 46,
    "illegal parameter": 47,
    "unknown ca": 48,
    "access denied": 49,
    "decode error": 50,
    "decrypt error": 51,
    "protocol version": 70,
    "insufficient security": 71,
    "internal error": 80,
    "inappropriate fallback": 86,
    "user cancelled": 90,
    "no renegotiation": 100,
    "missing extension": 109,
    "unsupported extension": 110,
    "unrecognized name": 112,
    "bad certificate status response": 113,
    "unknown psk identity": 115,
    "certificate required": 116,
    "no application protocol": 120,
}
_NAMES = {number: name for name, number in _NUMBERS.items()}

# OpenSSL says an alert by the version that brought it up, which need not be the one that is spoken.
_OPENSSL_NAME = re.compile(r"(?:SSLV3|TLSV1|TLSV13|SSL/TLS)_(?:ALERT_)?(.+)")
_RECORD = re.compile(rb"\x15\x03.\x00\x02[\x01\x02](.)", re.DOTALL)


def describe_alert(openssl_name: str, first: bytes) -> Sentence | None:
    """Name the alert that OpenSSL's `openssl_name` stands for, or that the bytes which came `first` are; else None."""
    said = _OPENSSL_NAME.fullmatch(openssl_name)
    if said is not None:
        name = said[1].lower().replace("_", " ")
        number = _NUMBERS.get(name)
        if number is None:
            return Sentence.of("tls.alert.unnumbered", alert=name)
        return Sentence.of("tls.alert", alert=name, number=number)
    record = _RECORD.match(first)
    if record is None:
        return None
    number = record[1][0]
    if number not in _NAMES:
        return Sentence.of("tls.alert.unnamed", number=number)
    return Sentence.of("tls.alert", alert=_NAMES[number], number=number)
