"""Hard messages as sippy and sipmessage read them, against our reading.

Where an oracle is wrong, or stricter than a peer can afford to be, a row of DIFFERENT or LENIENT says so by name, and
it is checked that it still is.
"""

from dataclasses import dataclass

import pytest

from tests.peers.oracles import ORACLES, differences, read_ours
from tests.torture import READ, REFUSED, HardMessage

# Neither oracle is clean of deprecated calls.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
RAISES = "raises"


@dataclass(frozen=True, slots=True)
class Difference:
    """The fields that an oracle reads otherwise, or that it cannot read the message at all."""

    fields: frozenset[str]
    why: str


def differs(why: str, *fields: str) -> Difference:
    return Difference(frozenset(fields or (RAISES,)), why)


SCHEMES = "§25.1 absoluteURI: any scheme may stand in a Request-URI, To or From (RFC 4475 §3.3.2 to §3.3.4)"
FOLDS = "§7.3.1: a header line may be folded"
START_LINE = "spaces in the start line can be overlooked (RFC 4475 §3.1.2.9, §3.1.2.10)"
SLOPPY = "tolerated here, since carriers send it; the grammar forbids it"

DIFFERENT = {
    ("another-name-in-received", "sipmessage"): differs(SLOPPY),
    ("bare-ipv6-in-the-sent-by", "sipmessage"): differs(SLOPPY),
    ("bare-ipv6-in-the-sent-by", "sippy"): differs(SLOPPY),
    ("bare-line-feeds", "sipmessage"): differs(SLOPPY),
    ("both-families-in-headers", "sipmessage"): differs("§25.1: received has no brackets (RFC 5118 §4.5)"),
    ("challenge-folded", "sipmessage"): differs(FOLDS),
    ("challenge-in-latin-1", "sipmessage"): differs(SLOPPY),
    ("folds-and-spaces", "sipmessage"): differs(FOLDS),
    ("folds-and-spaces", "sippy"): differs(FOLDS + ", also right behind its colon"),
    ("header-without-its-end", "sipmessage"): differs(SLOPPY),
    ("headers-in-a-request-uri", "sipmessage"): differs(
        "§19.1.1: a URI may have headers (RFC 4475 §3.1.2.11)"
    ),
    ("ipv6-embedded-ipv4", "sipmessage"): differs(
        "RFC 5118 §4.10: two colons, and not three, stand before it"
    ),
    ("ipv6-received-bare", "sipmessage"): differs("§25.1: received has no brackets (RFC 5118 §4.5)"),
    ("ipv6-without-brackets", "sipmessage"): differs(
        "the message is read here, its URI is not (RFC 5118 §4.2)"
    ),
    ("ipv6-without-brackets", "sippy"): differs("the message is read here, its URI is not (RFC 5118 §4.2)"),
    ("keep-alive-in-front", "sipmessage"): differs("§7.5: line ends before the start line are ignored"),
    ("keep-alive-in-front", "sippy"): differs("§7.5: line ends before the start line are ignored"),
    ("line-without-a-colon", "sipmessage"): differs(SLOPPY),
    ("line-without-a-colon", "sippy"): differs(SLOPPY),
    ("lower-case-version", "sipmessage"): differs("§7.1: the version is compared without case"),
    ("lower-case-version", "sippy"): differs("§7.1: the version is compared without case", "start"),
    ("no-space-no-phrase", "sipmessage"): differs(SLOPPY),
    ("semicolons-in-a-user", "sipmessage"): differs(FOLDS),
    ("space-behind-the-version", "sipmessage"): differs(START_LINE),
    ("spaced-addr-spec", "sipmessage"): differs(
        "a space in an addr-spec can be overlooked (RFC 4475 §3.1.2.14)"
    ),
    ("spaced-addr-spec", "sippy"): differs("a space in an addr-spec can be overlooked (RFC 4475 §3.1.2.14)"),
    ("spaced-start-line", "sipmessage"): differs(START_LINE),
    ("tabs-in-the-status-line", "sipmessage"): differs(SLOPPY),
    ("two-in-one-datagram", "sipmessage"): differs(
        "§18.3: what lies behind Content-Length is no body", "body"
    ),
    ("unknown-scheme", "sipmessage"): differs(SCHEMES),
    ("unknown-scheme", "sippy"): differs(SCHEMES),
    ("unknown-scheme-with-slashes", "sipmessage"): differs(SCHEMES),
    ("unknown-scheme-with-slashes", "sippy"): differs(SCHEMES),
    ("unknown-schemes-in-addresses", "sipmessage"): differs(SCHEMES),
    ("unknown-schemes-in-addresses", "sippy"): differs(SCHEMES),
    ("unquoted-comma-in-a-name", "sipmessage"): differs("it can be overlooked (RFC 4475 §3.1.2.15)"),
    ("unquoted-comma-in-a-name", "sippy"): differs("it can be overlooked (RFC 4475 §3.1.2.15)"),
}

# What an oracle reads though nobody should; both refuse what is not named here.
CSEQ_METHOD = "§8.1.1.5: CSeq has the request's method"
CSEQ_NUMBER = "§8.1.1.5: CSeq is below 2**31"
STATUS = "§7.2: a status code has three digits, the first of 1 to 6"
LENIENT = {
    ("another-method-in-cseq", "sipmessage"): CSEQ_METHOD,
    ("another-method-in-cseq", "sippy"): CSEQ_METHOD,
    ("another-version", "sippy"): "§7.1: the version is SIP/2.0",
    ("carriage-return-inside", "sipmessage"): "§25.1: a carriage return stands before a line feed alone",
    ("length-beyond-the-body", "sipmessage"): "§18.3: a body shorter than its Content-Length is an error",
    ("negative-length", "sipmessage"): "§20.14: no negative length",
    ("negative-length", "sippy"): "§20.14: no negative length",
    ("numbers-beyond-their-type", "sipmessage"): CSEQ_NUMBER,
    ("numbers-beyond-their-type", "sippy"): CSEQ_NUMBER,
    ("numbers-beyond-their-type-in-a-reply", "sipmessage"): CSEQ_NUMBER,
    ("numbers-beyond-their-type-in-a-reply", "sippy"): CSEQ_NUMBER,
    ("single-fields-twice", "sipmessage"): "§7.3.1: Call-ID, CSeq, From and To stand once (RFC 4475 §3.3.8)",
    ("single-fields-twice", "sippy"): "§7.3.1: Call-ID, CSeq, From and To stand once (RFC 4475 §3.3.8)",
    ("status-beyond-three-digits", "sipmessage"): STATUS,
    ("status-beyond-three-digits", "sippy"): STATUS,
    ("status-of-a-hundredless-class", "sipmessage"): STATUS,
    ("status-of-a-hundredless-class", "sippy"): STATUS,
    ("two-lengths", "sipmessage"): "§20.14: one Content-Length (RFC 4475 §3.3.9)",
    ("two-lengths", "sippy"): "§20.14: one Content-Length (RFC 4475 §3.3.9)",
    ("unknown-method-and-another-in-cseq", "sipmessage"): CSEQ_METHOD,
    ("unknown-method-and-another-in-cseq", "sippy"): CSEQ_METHOD,
}

EACH = pytest.mark.parametrize("oracle", ORACLES)


@EACH
@pytest.mark.parametrize("message", READ, ids=str)
def test_what_we_read_they_read_alike(message: HardMessage, oracle: str) -> None:
    try:
        found = differences(read_ours(message.data), ORACLES[oracle](message.data))
    except Exception:  # noqa: BLE001 - an oracle raises anything
        found = {RAISES}
    expected = DIFFERENT.get((message.name, oracle))
    assert found == (expected.fields if expected else set())


@EACH
@pytest.mark.parametrize("message", REFUSED, ids=str)
def test_what_we_refuse_they_refuse_or_are_wrong_to_read(message: HardMessage, oracle: str) -> None:
    try:
        ORACLES[oracle](message.data)
        reads = True
    except Exception:  # noqa: BLE001 - an oracle raises anything
        reads = False
    assert reads == ((message.name, oracle) in LENIENT)


def test_the_tables_name_messages_and_oracles_that_exist() -> None:
    assert {name for name, _ in DIFFERENT} <= {message.name for message in READ}
    assert {name for name, _ in LENIENT} <= {message.name for message in REFUSED}
