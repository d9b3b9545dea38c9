"""The keys of SRTP as SDP carries them (RFC 4568): a secret in every form, never shown."""

import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from dataclasses import dataclass, field
from enum import StrEnum

# A key of 128 bits and a salt of 112 (RFC 4568 §6.2).
KEY_OCTETS = 30

_LINE = re.compile(
    r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]{1,64})[ \t]+inline:([A-Za-z0-9+/=]{1,128})(\S*)(.*)", re.ASCII
)


class CryptoSuite(StrEnum):
    """The two that carriers name (RFC 4568 §6.2)."""

    AES_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_32 = "AES_CM_128_HMAC_SHA1_32"


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """The master key with its salt, for one direction; `tag` says which offer an answer is to (§5.1.2)."""

    tag: int
    suite: CryptoSuite
    octets: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.octets) != KEY_OCTETS:
            raise ValueError(f"a key with its salt has {KEY_OCTETS} octets")

    @property
    def attribute(self) -> str:
        """The line of SDP, with the key: what is sent, never what is shown."""
        return f"a=crypto:{self.tag} {self.suite} inline:{b64encode(self.octets).decode('ascii')}"


def new_key(tag: int = 1, suite: CryptoSuite = CryptoSuite.AES_80) -> SrtpKey:
    """Make one that nobody can guess, for one direction of one call."""
    return SrtpKey(tag, suite, secrets.token_bytes(KEY_OCTETS))


def read_crypto(value: str) -> SrtpKey | None:
    """Read the value of a `crypto` attribute; None for a suite or a form that is not used here.

    A lifetime is read over; a master key identifier stands in every packet (§6.1), so such a key cannot be used.
    """
    found = _LINE.fullmatch(value)
    if found is None or found[2] not in set(CryptoSuite) or ":" in found[4] or found[5].strip():
        return None
    try:
        octets = b64decode(found[3], validate=True)
    except NoBase64:
        return None
    if len(octets) != KEY_OCTETS:
        return None
    return SrtpKey(int(found[1]), CryptoSuite(found[2]), octets)
