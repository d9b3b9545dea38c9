"""What calls carry: encryption and codecs, from bolna's fields (docs/design/infrastructure.md, "Media")."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from trunks.rules.profile import MediaEncryption, TrunkProfile

_ALL = "all"
_SEPARATORS = re.compile(r"[\s,]+")
# Asterisk's names, which are bolna's, and the infrastructure's. G.722 is 8000 in RTP whatever it samples at (RFC 3551
# §4.5.2); with 16000 the infrastructure drops it.
_CODECS = {"ulaw": "PCMU/8000", "alaw": "PCMA/8000", "g722": "G722/8000"}

KNOWN_CODECS = ", ".join(_CODECS)


class Encryption(StrEnum):
    """DISABLE offers plain media, the others SRTP alone; ALLOW takes a plain answer to that, REQUIRE hangs up on it."""

    DISABLE = "disable"
    ALLOW = "allow"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """`codecs` come first, in this order, as `NAME/RATE`; with `only_listed` no others are offered or taken.

    `encryption` is None where what was read back is none of these.
    """

    encryption: Encryption | None = Encryption.DISABLE
    codecs: tuple[str, ...] = ()
    only_listed: bool = False


_NO_CODEC = "`allow` and `disallow` leave no codec, so that calls use whatever both ends have."
_UNKNOWN_CODECS = (
    "Calls do not use {unknown}: of the codecs in `allow`, the voice infrastructure has {known}."
)
_ENCRYPTED_ALONE = (
    "Calls offer encrypted media alone, and take a plain answer to that; a carrier that refuses the encrypted "
    "offer (488) is not called again in plain."
)
_OPTIMISTIC_OF_NOTHING = "`media_encryption_optimistic` changes nothing while `media_encryption` is `no`."
MEDIA_WARNINGS = (_NO_CODEC, _UNKNOWN_CODECS, _ENCRYPTED_ALONE, _OPTIMISTIC_OF_NOTHING)


def media_of(profile: TrunkProfile) -> Media:
    """Work out the media of a profile; one that leaves no codec leaves them to the infrastructure, since only unknown
    ones would be calls without sound.
    """
    codecs = _codecs(profile.allow, profile.disallow)
    return Media(
        encryption=_encryption(profile),
        codecs=tuple(_CODECS[name] for name in codecs),
        only_listed=bool(codecs) and _disallows(profile.disallow),
    )


def leaves_no_codec(allow: str, disallow: str) -> bool:
    """Tell whether nothing is left that the infrastructure has; a dialect refuses that."""
    return _disallows(disallow) and not _codecs(allow, disallow)


def media_warnings(profile: TrunkProfile, say: Callable[[str], str] = str) -> tuple[str, ...]:
    """Say what of these fields calls do not have, or have otherwise than their names say.

    `say` gives each of MEDIA_WARNINGS in another language.
    """
    warnings = []
    if leaves_no_codec(profile.allow, profile.disallow):
        warnings.append(say(_NO_CODEC))
    unknown = [name for name in _names(profile.allow) if name != _ALL and name not in _CODECS]
    if unknown:
        warnings.append(say(_UNKNOWN_CODECS).format(unknown=", ".join(unknown), known=KNOWN_CODECS))
    if _encryption(profile) is Encryption.ALLOW:
        warnings.append(say(_ENCRYPTED_ALONE))
    if profile.media_encryption is MediaEncryption.NO and profile.media_encryption_optimistic:
        warnings.append(say(_OPTIMISTIC_OF_NOTHING))
    return tuple(warnings)


def _encryption(profile: TrunkProfile) -> Encryption:
    # As in Asterisk, whose fields these are: optimistic says something about sdes, and nothing by itself.
    if profile.media_encryption is MediaEncryption.NO:
        return Encryption.DISABLE
    return Encryption.ALLOW if profile.media_encryption_optimistic else Encryption.REQUIRE


def _codecs(allow: str, disallow: str) -> list[str]:
    codecs = _listed(allow)
    disallowed = set(_names(disallow))
    if _ALL not in disallowed and _disallows(disallow):
        # What is neither allowed nor disallowed stays, behind what is allowed; `allow` comes after `disallow`.
        codecs += [name for name in _CODECS if name not in disallowed and name not in codecs]
    return codecs


def _disallows(disallow: str) -> bool:
    return not {_ALL, *_CODECS}.isdisjoint(_names(disallow))


def _listed(allow: str) -> list[str]:
    named = list(_names(allow))
    return [name for name in (_CODECS if _ALL in named else named) if name in _CODECS]


def _names(text: str) -> Iterable[str]:
    """Give the names in lower case, each once."""
    return dict.fromkeys(name for name in _SEPARATORS.split(text.lower()) if name)
