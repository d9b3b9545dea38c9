"""Which rspauth disproves a server, where several realms were answered, and how many are looked at (RFC 7616 §3.5)."""

import pytest

from sipcheck.auth.digest import Algorithm, digest
from sipcheck.auth.server_proof import SentCredentials

PASSWORD = "secret"


def sent(realm: str) -> tuple[str, str]:
    return "Authorization", (
        f'Digest username="al\\"ice", realm="{realm}", nonce="n", uri="sip:x", response="r", algorithm=MD5, '
        'cnonce="c", qop=auth, nc=00000001'
    )


def info(realm: str, body: bytes = b"", qop: str = "auth") -> str:
    fits = digest(Algorithm.MD5, 'al"ice', realm, PASSWORD, "n", "", "sip:x", qop, "c", "00000001", body)
    return f'rspauth="{fits}", qop={qop}'


BOTH = SentCredentials([sent("edge"), sent("core")], PASSWORD)
WRONG = f'rspauth="{"0" * 32}"'


@pytest.mark.parametrize(
    ("infos", "proxy_infos", "disproved"),
    [
        ([info("edge")], [], False),
        ([info("core")], [], False),
        ([info("edge"), info("core")], [], False),
        ([info("elsewhere")], [], True),
        ([info("edge"), WRONG], [], True),
        ([info("edge", b"body", "auth-int")], [], False),
        ([info("edge", b"another body", "auth-int")], [], True),
        ([], [WRONG], False),  # to a proxy nothing was sent
        ([], [], False),
        (["", "nextnonce"] * 4 + [WRONG], [], False),  # what comes behind so many is not looked at
    ],
)
def test_what_disproves_a_server(infos: list[str], proxy_infos: list[str], disproved: bool) -> None:
    assert BOTH.disproved_by(infos, proxy_infos, b"body") is disproved


def test_the_password_is_not_shown() -> None:
    assert PASSWORD not in repr(BOTH)
