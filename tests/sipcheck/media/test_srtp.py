"""Encrypted media: what leaves is readable to nobody without the key, and what comes by another key is not heard."""

import pytest

from sipcheck.errors import SettingInvalid
from sipcheck.media import srtp as module
from sipcheck.media.encryption import CryptoSuite, new_key
from sipcheck.media.rtcp import write_rtcp
from sipcheck.media.rtp import RtpPacket
from sipcheck.media.srtp import Srtp, require_srtp

PACKET = RtpPacket(payload_type=0, sequence=1, timestamp=160, ssrc=7, payload=b"x" * 160).pack()


@pytest.mark.parametrize("suite", CryptoSuite)
@pytest.mark.parametrize("control", [False, True])
def test_both_sides_understand_one_another_and_nobody_else_does(suite: CryptoSuite, control: bool) -> None:
    ours, theirs = new_key(suite=suite), new_key(suite=suite)
    near, far, stranger = Srtp(ours, theirs), Srtp(theirs, ours), Srtp(theirs, new_key(suite=suite))
    plain = write_rtcp(7, "name") if control else PACKET
    protected = near.protect(plain, control=control)
    assert plain[12:] not in protected
    assert stranger.unprotect(protected, control=control) is None
    assert far.unprotect(protected, control=control) == plain
    assert far.unprotect(protected, control=control) is None, "a packet that comes again is not heard twice"


@pytest.mark.parametrize("data", [b"", b"x", PACKET, b"\x80" * 20, b"\x80" * 4000])
@pytest.mark.parametrize("control", [False, True])
def test_what_is_not_encrypted_is_not_heard(data: bytes, control: bool) -> None:
    assert Srtp(new_key(), new_key()).unprotect(data, control=control) is None


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(SettingInvalid, match=r"pip install 'sipcheck\[srtp\]'"):
        require_srtp()
