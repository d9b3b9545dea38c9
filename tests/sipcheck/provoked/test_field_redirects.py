"""A redirection's advice names what can be entered, and does not say "enter that" of what cannot (RFC 3261 §21.3)."""

from collections.abc import Mapping, Sequence

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report
from tests.sipcheck.provoked.field_rows import FieldRow, assert_row, challenge, on_each_path, scripted

EDGE = "<sip:alice@edge2.carrier.test:5070;transport=tcp>"
ENTER = "enter that if so"


def redirected(
    name: str,
    cause: Cause | None,
    *contacts: str,
    status: int = 302,
    says: Sequence[str] = (),
    never_says: Sequence[str] = (),
    party: Party = Party.CONFIGURATION,
    answered: bool = False,
) -> FieldRow:
    answer = (status, [("Contact", contact) for contact in contacts])
    return FieldRow(
        name=name,
        script=scripted(register=[(401, [challenge()]), answer] if answered else [answer]),
        outcome=Outcome.REACHABLE,
        reason=Reason.SIP_REDIRECTED,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=party,
        exit_status=4,
        says=(f"({status} Phrase)", *says),
        never_says=tuple(never_says),
        facts={"Contact": contacts[0]} if len(contacts) == 1 else {},
    )


NAMED, PROXY, NONE, SAME = (
    Cause.SERVER_NAMED,
    Cause.PROXY_NAMED,
    Cause.NO_SERVER_NAMED,
    Cause.SAME_SERVER,
)
ROWS = on_each_path(
    redirected(
        "a-server", NAMED, EDGE, says=("elsewhere (302 Phrase): to edge2.carrier.test:5070 by tcp.", ENTER)
    ),
    redirected("no-contact", None, says=("does not say where",), never_says=(ENTER,)),
)
ROWS += [
    redirected("moved-permanently", NAMED, "<sip:edge2.carrier.test>", status=301, says=("to edge2.carrier.test.",)),
    redirected("behind-the-password", NAMED, EDGE, answered=True, says=("edge2.carrier.test:5070 by tcp",)),
    redirected("without-brackets", NAMED, "sip:edge2.carrier.test;q=0.5", says=("to edge2.carrier.test.",)),
    redirected("sips", NAMED, "<sips:edge2.carrier.test>", says=("to edge2.carrier.test by tls.",)),
    redirected("ipv6", NAMED, "<sip:[2001:db8::1]:5070>", says=("to [2001:db8::1]:5070.",)),
    redirected(
        "several",
        NAMED,
        "<sip:a.carrier.test>;q=0.9, <sip:b.carrier.test>;q=0.1",
        "<sip:a.carrier.test>",
        status=300,
        says=("to a.carrier.test or b.carrier.test.", ENTER),
    ),
    redirected(
        "a-server-among-others",
        NAMED,
        "<mailto:help@carrier.test>, <sip:b.carrier.test>, <https://carrier.test/>",
        status=300,
        says=("to b.carrier.test.",),
        never_says=("mailto", "or 'https"),
    ),
    redirected(
        "use-a-proxy",
        PROXY,
        "<sip:proxy.carrier.test:5070;lr>",
        status=305,
        says=("through a proxy (305 Phrase): proxy.carrier.test:5070.", "as the trunk's outbound proxy"),
        never_says=(ENTER,),
    ),
    redirected("use-a-proxy-of-none", None, status=305, says=("does not say where",), never_says=("outbound proxy",)),
    redirected("use-a-proxy-by-telephone", NONE, "<tel:+15551234>", status=305, never_says=("outbound proxy",)),
    *(
        redirected(
            f"to-{name}", NONE, contact, says=(shown, "That cannot be entered."), never_says=(ENTER, "outbound proxy")
        )
        for name, contact, shown in (
            ("mailto", "<mailto:help@carrier.test>", "for them: '<mailto:help@carrier.test>'."),
            ("tel", "<tel:+15551234>", "'<tel:+15551234>'"),
            ("https", "<https://carrier.test/portal>", "'<https://carrier.test/portal>'"),
            ("two", "<tel:+1>, <mailto:a@b.test>", "'<tel:+1>' and '<mailto:a@b.test>'"),
            ("websocket", "<sip:carrier.test;transport=wss>", "'<sip:carrier.test;transport=wss>'"),
            ("maddr", "<sip:carrier.test;maddr=192.0.2.9>", "maddr=192.0.2.9"),
            ("star", "*", "'*'"),
            ("no-host", "<sip:alice@>", "'<sip:alice@>'"),
            ("garbage", "go to the other one", "'go to the other one'"),
            ("numbers", "<sip:alice@1.2.3>", "'<sip:alice@1.2.3>'"),
        )
    ),
    redirected(
        "to-itself",
        SAME,
        "<sip:alice@127.0.0.1>",
        party=Party.CARRIER,
        says=("and names itself for them: 127.0.0.1.", "To enter that again changes nothing."),
        never_says=(ENTER,),
    ),
    redirected(
        "to-itself-among-others",
        NAMED,
        "<sip:alice@127.0.0.1>, <sip:b.carrier.test>",
        says=("to b.carrier.test.",),
    ),
    redirected("to-another-transport-of-itself", NAMED, "<sip:127.0.0.1;transport=tls>", says=("127.0.0.1 by tls",)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
