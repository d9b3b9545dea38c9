"""Requests as the carrier's tests write them."""

from collections.abc import Callable

import pytest

from sipcheck.message.builder import build_request
from sipcheck.target import HostPort

MakeRequest = Callable[..., bytes]


@pytest.fixture
def make_request() -> MakeRequest:
    """Write a request of demo's; the keywords are the parts that tests choose."""

    def make(
        method: str = "REGISTER",
        *,
        number: int = 1,
        headers: tuple[tuple[str, str], ...] = (),
        transport: str = "UDP",
        call_id: str = "call",
        user: str = "demo",
        domain: str = "practice.example",
    ) -> bytes:
        return build_request(
            method=method,
            uri=f"sip:{domain}",
            transport=transport,
            sent_by=HostPort("127.0.0.1", 5070),
            branch=f"z9hG4bK-{call_id}-{number}",
            from_uri=f"sip:{user}@{domain}",
            from_tag="from",
            to_uri=f"sip:{user}@{domain}",
            call_id=call_id,
            cseq=number,
            user_agent="test",
            headers=headers,
        )

    return make
