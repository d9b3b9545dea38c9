"""What a search finds, on both engines: names in any case and with their accents in either form, hosts in whatever
spelling they are entered in.
"""

import unicodedata
from typing import Literal

import pytest

from tests.trunks.forms import Store

Form = Literal["NFC", "NFD"]

NAMES = ("Économie Générale", "ΑΘΗΝΑ Τηλεφωνία", "Straße 7", "Привет", "100% [sic] é.*|(x)\\", "Plain")
HOSTS = ("sip.carrier.example", "münchen.example", "2001:db8::1", "192.0.2.7", "other.example")


def found(store: Store, search: str) -> set[str]:
    rows = store.installation.catalog.views.by_need(
        store.caller, of=None, search=search, limit=50, after=None
    )
    return {row.trunk.name for _, row in rows}


# Each with the name that it finds; none where it finds nothing.
SEARCHES: dict[str, str | None] = {
    "économie": NAMES[0],
    "ÉCONOMIE GÉNÉRALE": NAMES[0],
    "générale": NAMES[0],
    "économe": None,
    "economie": None,  # another word: an accent is no matter of spelling
    "αθηνα": NAMES[1],
    "ΤΗΛΕΦΩΝΊΑ": NAMES[1],
    "straße": NAMES[2],
    "STRASSE 7ß": None,
    "ПРИВЕТ": NAMES[3],
    "привет": NAMES[3],
    "100% [SIC] É.*|(X)\\": NAMES[4],
    ".é": None,
    "é.*x": None,
    "plain": NAMES[5],
}
HOST_SEARCHES: dict[str, str | None] = {
    "sip.carrier.example": HOSTS[0],
    "SIP.Carrier.Example": HOSTS[0],
    "sip.carrier.example.": HOSTS[0],
    "sip.carrier.example:5060": HOSTS[0],
    "sip:sip.carrier.example": HOSTS[0],
    "münchen.example": HOSTS[1],
    "MÜNCHEN.example": HOSTS[1],
    "xn--mnchen-3ya.example": HOSTS[1],
    "2001:db8::1": HOSTS[2],
    "[2001:db8::1]": HOSTS[2],
    "2001:0DB8:0:0::1": HOSTS[2],
    "[2001:db8::1]:5060": HOSTS[2],
    "192.0.2.7": HOSTS[3],
    "192.0.2.7:5060": HOSTS[3],
    "carrier.example": None,
    "192.0.2": None,
    "[2001:db8::1": None,
    "::": None,
}


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_name_is_found_in_any_case(store: Store, stored: Form) -> None:
    for each in NAMES:
        store.make_trunk(name=unicodedata.normalize(stored, each), domain="a.example")
    forms: tuple[Form, ...] = ("NFC", "NFD")
    expected = {
        (search, form): set() if name is None else {unicodedata.normalize(stored, name)}
        for search, name in SEARCHES.items()
        for form in forms
    }
    seen = {
        (search, form): found(store, unicodedata.normalize(form, search))
        for search in SEARCHES
        for form in forms
    }
    assert seen == expected


def test_a_host_is_found_as_it_may_be_entered(store: Store) -> None:
    for each in HOSTS:
        store.make_trunk(name=f"to {HOSTS.index(each)}", domain=each)
    expected = {
        search: set() if host is None else {f"to {HOSTS.index(host)}"}
        for search, host in HOST_SEARCHES.items()
    }
    assert {search: found(store, search) for search in HOST_SEARCHES} == expected
