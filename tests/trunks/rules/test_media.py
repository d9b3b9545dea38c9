"""Encryption and codecs of a trunk's calls, from the fields that bolna names."""

import pytest

from trunks.rules.media import Encryption, Media, leaves_no_codec, media_of, media_warnings
from trunks.rules.profile import PLAIN, MediaEncryption, TrunkProfile

PCMU, PCMA, G722 = "PCMU/8000", "PCMA/8000", "G722/8000"


@pytest.mark.parametrize(
    ("allow", "disallow", "codecs", "only_listed"),
    [
        ("ulaw,alaw", "all", (PCMU, PCMA), True),
        ("alaw, ULAW", "ALL", (PCMA, PCMU), True),
        ("g722 alaw", "all", (G722, PCMA), True),
        ("alaw,alaw", "all", (PCMA,), True),
        ("all", "all", (PCMU, PCMA, G722), True),
        ("opus,alaw,g729", "all", (PCMA,), True),
        ("alaw", "", (PCMA,), False),
        ("opus", "", (), False),
        ("", "", (), False),
        # What is disallowed by name is gone, and the others stay behind those that are allowed.
        ("alaw", "g722", (PCMA, PCMU), True),
        ("", "ulaw", (PCMA, G722), True),
        # As in Asterisk, `allow` comes after `disallow`.
        ("ulaw", "ulaw", (PCMU, PCMA, G722), True),
        ("ulaw", "gsm", (PCMU,), False),
    ],
)
def test_codecs(allow: str, disallow: str, codecs: tuple[str, ...], only_listed: bool) -> None:
    assert media_of(TrunkProfile(allow=allow, disallow=disallow)) == Media(
        codecs=codecs, only_listed=only_listed
    )
    assert not leaves_no_codec(allow, disallow)


@pytest.mark.parametrize(
    ("allow", "disallow"), [("opus", "all"), ("", "all"), (", ,", "all"), ("", "ulaw,alaw,g722")]
)
def test_what_leaves_no_codec_leaves_them_to_the_infrastructure_and_is_told(
    allow: str, disallow: str
) -> None:
    profile = TrunkProfile(allow=allow, disallow=disallow)
    assert leaves_no_codec(allow, disallow)
    assert media_of(profile) == Media(codecs=(), only_listed=False)
    assert "leave no codec" in media_warnings(profile)[0]


@pytest.mark.parametrize(
    ("encryption", "optimistic", "expected", "told"),
    [
        (MediaEncryption.NO, False, Encryption.DISABLE, None),
        (MediaEncryption.NO, True, Encryption.DISABLE, "changes nothing"),
        (MediaEncryption.SDES, False, Encryption.REQUIRE, None),
        (MediaEncryption.SDES, True, Encryption.ALLOW, "488"),
    ],
)
def test_encryption(
    encryption: MediaEncryption, optimistic: bool, expected: Encryption, told: str | None
) -> None:
    profile = TrunkProfile(media_encryption=encryption, media_encryption_optimistic=optimistic)
    assert media_of(profile).encryption is expected
    warnings = media_warnings(profile)
    assert len(warnings) == (told is not None)
    assert told is None or told in warnings[0]


def test_names_that_are_left_out_are_told() -> None:
    (warning,) = media_warnings(TrunkProfile(allow="ulaw,OPUS,g729"))
    assert warning.startswith("Calls do not use opus, g729: ")
    assert media_warnings(PLAIN) == ()
