"""RFC 4475's messages as sippy and sipmessage read them, against our reading.

Where an oracle is wrong, a row of DIFFERENT or LENIENT says so by name, and it is checked that it still is.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from sipcheck.errors import ParseError
from tests.peers.oracles import ORACLES, differences, read_ours

FOLDER = Path(os.environ.get("SIP_TORTURE_DIR", Path(__file__).parents[4] / "shared" / "torture"))
pytestmark = [
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no RFC 4475 messages in {FOLDER}"),
    # Neither oracle is clean of deprecated calls.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
RAISES = "raises"


@dataclass(frozen=True, slots=True)
class Difference:
    """An oracle's mistake: the fields that it reads otherwise, or that it cannot read the message at all."""

    fields: frozenset[str]
    why: str


def wrong(why: str, *fields: str) -> Difference:
    return Difference(frozenset(fields or (RAISES,)), why)


SCHEMES = "§25.1 absoluteURI: any scheme may stand in a Request-URI, To or From (RFC 4475 §3.3.2 to §3.3.4)"

DIFFERENT = {
    ("badaspec", "sipmessage"): wrong("a space in an addr-spec can be overlooked (RFC 4475 §3.1.2.14)"),
    ("badaspec", "sippy"): wrong("a space in an addr-spec can be overlooked (RFC 4475 §3.1.2.14)"),
    ("baddn", "sipmessage"): wrong("an unquoted display name can be overlooked (RFC 4475 §3.1.2.15)"),
    ("baddn", "sippy"): wrong("an unquoted display name can be overlooked (RFC 4475 §3.1.2.15)"),
    ("dblreq", "sipmessage"): wrong("§18.3: what lies behind Content-Length is no body", "body"),
    ("escruri", "sipmessage"): wrong("§19.1.1: a URI may have headers (RFC 4475 §3.1.2.11)"),
    ("intmeth", "sipmessage"): wrong("§25.1 token: a % in a branch is no escape", "top_via"),
    ("longreq", "sipmessage"): wrong("§25.1 HCOLON: space may stand before the colon", "via_count"),
    ("lwsstart", "sipmessage"): wrong("spaces in the start line can be overlooked (RFC 4475 §3.1.2.9)"),
    ("mpart01", "sippy"): wrong("§20.14: Content-Length counts octets, not characters"),
    ("novelsc", "sipmessage"): wrong(SCHEMES),
    ("novelsc", "sippy"): wrong(SCHEMES),
    ("semiuri", "sipmessage"): wrong("§7.3.1: a header line may be folded"),
    ("trws", "sipmessage"): wrong("spaces behind the version can be overlooked (RFC 4475 §3.1.2.10)"),
    ("unkscm", "sipmessage"): wrong(SCHEMES),
    ("unkscm", "sippy"): wrong(SCHEMES),
    ("unksm2", "sipmessage"): wrong(SCHEMES),
    ("unksm2", "sippy"): wrong(SCHEMES),
    ("wsinv", "sipmessage"): wrong("§7.3.1: a header line may be folded"),
    ("wsinv", "sippy"): wrong("§7.3.1: a header line may be folded, also right behind its colon"),
}

# What an oracle reads though nobody should; both refuse what is not named here.
LENIENT = {
    ("badvers", "sippy"): "§7.1: the version is SIP/2.0",
    ("bigcode", "sipmessage"): "§7.2: a status code has three digits",
    ("bigcode", "sippy"): "§7.2: a status code has three digits",
    ("clerr", "sipmessage"): "§18.3: a body shorter than its Content-Length is an error",
    ("mcl01", "sipmessage"): "§20.14: one Content-Length (RFC 4475 §3.3.9)",
    ("mcl01", "sippy"): "§20.14: one Content-Length (RFC 4475 §3.3.9)",
    ("mismatch01", "sipmessage"): "§8.1.1.5: CSeq has the request's method",
    ("mismatch01", "sippy"): "§8.1.1.5: CSeq has the request's method",
    ("mismatch02", "sipmessage"): "§8.1.1.5: CSeq has the request's method",
    ("mismatch02", "sippy"): "§8.1.1.5: CSeq has the request's method",
    ("multi01", "sipmessage"): "§7.3.1: Call-ID, CSeq, From and To stand once (RFC 4475 §3.3.8)",
    ("multi01", "sippy"): "§7.3.1: Call-ID, CSeq, From and To stand once (RFC 4475 §3.3.8)",
    ("ncl", "sipmessage"): "§20.14: no negative length",
    ("ncl", "sippy"): "§20.14: no negative length",
    ("scalar02", "sippy"): "§8.1.1.5: CSeq is below 2**31",
    ("scalarlg", "sipmessage"): "§8.1.1.5: CSeq is below 2**31",
    ("scalarlg", "sippy"): "§8.1.1.5: CSeq is below 2**31",
}

NAMES = sorted(path.stem for path in FOLDER.glob("*.dat"))
EACH = pytest.mark.parametrize("oracle", ORACLES)


def readings() -> dict[str, bool]:
    """Which messages we read."""
    found = {}
    for name in NAMES:
        try:
            read_ours((FOLDER / f"{name}.dat").read_bytes())
            found[name] = True
        except ParseError:
            found[name] = False
    return found


READ = readings()


@EACH
@pytest.mark.parametrize("name", [name for name in NAMES if READ[name]])
def test_what_we_read_they_read_alike(name: str, oracle: str) -> None:
    data = (FOLDER / f"{name}.dat").read_bytes()
    try:
        found = differences(read_ours(data), ORACLES[oracle](data))
    except Exception:  # noqa: BLE001 - an oracle raises anything
        found = {RAISES}
    expected = DIFFERENT.get((name, oracle))
    assert found == (expected.fields if expected else set())


@EACH
@pytest.mark.parametrize("name", [name for name in NAMES if not READ[name]])
def test_what_we_refuse_they_refuse_or_are_wrong_to_read(name: str, oracle: str) -> None:
    try:
        ORACLES[oracle]((FOLDER / f"{name}.dat").read_bytes())
        reads = True
    except Exception:  # noqa: BLE001 - an oracle raises anything
        reads = False
    assert reads == ((name, oracle) in LENIENT)


def test_the_tables_name_messages_and_oracles_that_exist() -> None:
    assert {name for name, _ in DIFFERENT} <= {name for name in NAMES if READ[name]}
    assert {name for name, _ in LENIENT} <= {name for name in NAMES if not READ[name]}
