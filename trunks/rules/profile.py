"""What a trunk is beside its gateways: how calls are written, who may call in, and what a customer calls it."""

from dataclasses import dataclass
from enum import StrEnum

from sipcheck.verification.calling.options import CallIdentity


class CallingFormat(StrEnum):
    """How an outbound call's number is written (autocalls, "sip_calling_format")."""

    PLUS_E164 = "+e164"
    E164 = "e164"
    NATIONAL = "national"


class InboundAuthorization(StrEnum):
    AUTH = "auth"  # by the trunk's own user and password
    IP = "ip"  # by the address that a call comes from


class MediaEncryption(StrEnum):
    NO = "no"
    SDES = "sdes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkProfile:
    """The defaults are those of a trunk whose dialect has no such field.

    `extension` is a line that is no phone number; `nickname` None where the customer gave no name. `caller_identity` is
    who stands in From of its calls. `allowed_addresses` are in their normal form. Codecs and media are as bolna names
    them, kept for the infrastructure that has fields for them.
    """

    nickname: str | None = None
    extension: str | None = None
    calling_format: CallingFormat = CallingFormat.PLUS_E164
    caller_identity: CallIdentity = CallIdentity.NUMBER
    authorization: InboundAuthorization = InboundAuthorization.AUTH
    allowed_addresses: tuple[str, ...] = ()
    country_code: str | None = None
    fixed_egress: bool = False
    description: str | None = None
    media_encryption: MediaEncryption = MediaEncryption.NO
    media_encryption_optimistic: bool = False
    allow: str = "ulaw,alaw"
    disallow: str = "all"
    inbound_enabled: bool = True
    direct_media: bool = False
    rtp_symmetric: bool = True
    force_rport: bool = True

    @property
    def addresses_let_in(self) -> tuple[str, ...]:
        """The allow-list where calls are let in by it; a former version kept one beside a password as well."""
        return self.allowed_addresses if self.authorization is InboundAuthorization.IP else ()


PLAIN = TrunkProfile()
