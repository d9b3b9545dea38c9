"""SRTP by libsrtp (RFC 3711), which the extra `srtp` brings; without it no encrypted media is offered or taken."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from sipcheck.errors import SettingInvalid
from sipcheck.media.encryption import CryptoSuite, SrtpKey

if TYPE_CHECKING:
    from pylibsrtp import Session

# What libsrtp's own buffer takes, less its trailers: no packet of a call is nearly as long.
_MOST_OCTETS = 1300


def srtp_available() -> bool:
    """Tell whether the extra is installed."""
    return find_spec("pylibsrtp") is not None


def require_srtp() -> None:
    """Raise SettingInvalid, with the mend, where the extra is not installed."""
    if not srtp_available():
        raise SettingInvalid(
            "encrypted media needs the extra srtp; install it with pip install 'sipcheck[srtp]', or offer none"
        )


class Srtp:
    """Encrypts what leaves by our key, decrypts what comes by the peer's. Raises SettingInvalid without the extra."""

    def __init__(self, ours: SrtpKey, theirs: SrtpKey) -> None:
        require_srtp()
        from pylibsrtp import Policy

        self._outbound = _session(ours, Policy.SSRC_ANY_OUTBOUND)
        self._inbound = _session(theirs, Policy.SSRC_ANY_INBOUND)

    def protect(self, packet: bytes, *, control: bool) -> bytes:
        """Encrypt an RTP packet, or with `control` an RTCP packet."""
        protected: bytes = (self._outbound.protect_rtcp if control else self._outbound.protect)(packet)
        return protected

    def unprotect(self, packet: bytes, *, control: bool) -> bytes | None:
        """Decrypt a packet; None for one that was not made with the peer's key, or came before."""
        from pylibsrtp import Error

        if len(packet) > _MOST_OCTETS:
            return None
        try:
            plain: bytes = (self._inbound.unprotect_rtcp if control else self._inbound.unprotect)(packet)
        except Error:
            return None
        return plain


def _session(key: SrtpKey, kind: int) -> "Session":
    from pylibsrtp import Policy, Session

    profiles = {
        CryptoSuite.AES_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        CryptoSuite.AES_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    }
    return Session(Policy(key=key.octets, ssrc_type=kind, srtp_profile=profiles[key.suite]))
