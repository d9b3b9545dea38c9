"""A prepared request is the one that the strict builder writes, but for its tokens."""

from hypothesis import given
from hypothesis import strategies as st

from sipcheck.dns.route import Edge
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transaction.udp_batch.tokens import TOKEN_BYTES, tokens

HOSTS = st.sampled_from(
    ["carrier.example", "192.0.2.1", "[2001:db8::1]", "b" * 24 + ".example", "d" * 24 + ".example"]
)
USERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,;?/", min_size=1, max_size=40)


@given(
    method=st.sampled_from(["OPTIONS", "REGISTER"]),
    host=HOSTS,
    user=USERS,
    cseq=st.integers(1, 3),
    route=st.sampled_from([None, "<sip:proxy.example;lr>"]),
    sent_by=st.sampled_from([HostPort("192.0.2.9", 40000), HostPort("2001:db8::9", 5060)]),
    realm=st.sampled_from([None, 'r"\\', "\udcff"]),
)
def test_it_is_what_the_builder_writes(
    method: str, host: str, user: str, cseq: int, route: str | None, sent_by: HostPort, realm: str | None
) -> None:
    branch, dialog = next(TOKENS), next(TOKENS)
    template = RequestTemplate(
        method=method,
        request_uri=f"sip:{host}",
        from_uri=f"sip:{user}@{host}",
        to_uri=f"sip:{host}",
        call_id=dialog.decode(),
        from_tag=dialog.decode(),
        user_agent="sipcheck (SIP trunk verification)",
        route=route,
        headers=(("Accept", "application/sdp"),) if method == "OPTIONS" else (),
    )
    fields = () if realm is None else (("Authorization", f'Digest realm="{realm}"'),)
    request = PreparedRequest(Edge(host, "192.0.2.1", 5060, TransportName.UDP), template, sent_by)
    further = b"".join(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape") for name, value in fields)
    assert request.message(cseq).render(branch, dialog, further) == template.build(
        transport="UDP", sent_by=sent_by, branch=f"z9hG4bK{branch.decode()}", cseq=cseq, credentials=fields
    )


TOKENS = tokens()


def test_tokens_are_never_alike() -> None:
    """RFC 3261 §8.1.1.7 asks for branches that are unique over space and time."""
    taken = [next(TOKENS) for _ in range(10_000)] + [
        token for token, _ in zip(tokens(), range(10_000), strict=False)
    ]
    assert len(set(taken)) == 20_000
    assert all(len(token) == TOKEN_BYTES and int(token, 16) >= 0 for token in taken)
