"""What a trunk and its plan come to on the infrastructure, and what they cannot come to."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck.target import HostPort, TransportName
from sipcheck.verification.calling.options import CallIdentity
from tests.trunks.forms import PASSWORD, SECRET_KEYS
from trunks.ids import new_id
from trunks.rules.media import Encryption, Media, media_of
from trunks.rules.profile import PLAIN, InboundAuthorization, MediaEncryption, TrunkProfile
from trunks.rules.way_evidence import OutboundWay, WayEdge, WayForm
from trunks.secrets.keys import parse_keys
from trunks.secrets.secret_box import SecretBox
from trunks.voice.blueprint import PARKED_ROUTE, Blueprint
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import InboundSide, OutboundSide, differing

SECRETS = SecretBox(parse_keys(SECRET_KEYS))
TRUNK_ID = new_id()
NUMBERS = ("+14155551234",)
BY_LIST: dict[str, Any] = {
    "authorization": InboundAuthorization.IP,
    "allowed_addresses": ("203.0.113.10",),
}
BY_ADDRESS = TrunkProfile(**BY_LIST)

MEDIA = media_of(PLAIN)
ADDRESS = "198.51.100.1"


def make_blueprint(**given: Any) -> Blueprint:
    values: dict[str, Any] = {
        "trunk_id": TRUNK_ID,
        "profile": PLAIN,
        "numbers": NUMBERS,
        "host": "SIP.Carrier.example",
        "port": 5080,
        "transport": TransportName.TCP,
        "outbound_proxy": None,
        "username": "alice",
        "sealed_password": SECRETS.seal(PASSWORD, TRUNK_ID),
        "egress": HostPort("egress.example", 5070),
    }
    return Blueprint(**(values | given))


def test_user_and_password_are_those_of_both_directions() -> None:
    desired = make_blueprint().desired(SECRETS)
    assert desired.inbound == InboundSide(
        numbers=NUMBERS, auth_username="alice", auth_password=PASSWORD, media=MEDIA
    )
    assert desired.outbound == OutboundSide(
        numbers=NUMBERS,
        address="sip.carrier.example:5080",
        transport=TransportName.TCP,
        auth_username="alice",
        auth_password=PASSWORD,
        media=MEDIA,
    )


def test_by_address_the_inbound_side_asks_for_no_password() -> None:
    desired = make_blueprint(profile=BY_ADDRESS).desired(SECRETS)
    assert desired.inbound == InboundSide(
        numbers=NUMBERS, allowed_addresses=("203.0.113.10/32",), media=MEDIA
    )
    assert desired.outbound is not None
    assert desired.outbound.auth_password == PASSWORD


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("2001:db8::1", 5060, "[2001:db8::1]:5060"),
        ("[2001:db8::1]", None, "[2001:db8::1]"),
        ("bücher.example", None, "xn--bcher-kva.example"),
    ],
)
def test_the_address_is_as_sip_writes_it(host: str, port: int | None, address: str) -> None:
    outbound = make_blueprint(host=host, port=port).desired(SECRETS).outbound
    assert outbound is not None
    assert outbound.address == address


def test_through_the_fixed_egress_the_carrier_is_kept_beside() -> None:
    outbound = make_blueprint(profile=TrunkProfile(fixed_egress=True)).desired(SECRETS).outbound
    assert outbound == OutboundSide(
        numbers=NUMBERS,
        address="egress.example:5070",
        auth_username="alice",
        auth_password=PASSWORD,
        from_host="sip.carrier.example",
        destination="sip.carrier.example:5080",
        media=MEDIA,
    )


@pytest.mark.parametrize("given", [{}, {"profile": BY_ADDRESS}, {"profile": TrunkProfile(fixed_egress=True)}])
def test_both_sides_have_the_media_of_the_profile_and_those_of_a_former_version_keep_theirs(
    given: dict[str, Any],
) -> None:
    profile = replace(
        given.get("profile", PLAIN), media_encryption=MediaEncryption.SDES, allow="g722", disallow=""
    )
    media = Media(encryption=Encryption.REQUIRE, codecs=("G722/8000",))
    desired = make_blueprint(profile=profile).desired(SECRETS)
    assert desired.inbound is not None
    assert desired.outbound is not None
    assert (desired.inbound.media, desired.outbound.media) == (media, media)
    former = make_blueprint(profile=profile, keeps_former=True).desired(SECRETS)
    assert former.inbound is not None
    assert former.outbound is not None
    assert differing(former.inbound, replace(desired.inbound, media=Media())) == ()
    assert differing(former.outbound, replace(desired.outbound, media=Media(), route="<sip:a>")) == ()
    assert differing(desired.inbound, replace(desired.inbound, media=Media())) == ("media",)


AS_USER = replace(PLAIN, caller_identity=CallIdentity.USERNAME)


def test_a_carrier_that_wants_the_user_in_from_has_the_number_beside_it() -> None:
    """RFC 3325 §9.2; calls in are for the numbers all the same."""
    desired = make_blueprint(profile=AS_USER).desired(SECRETS)
    assert desired.outbound is not None
    assert desired.inbound is not None
    assert desired.outbound.numbers == ("alice",)
    assert desired.outbound.identity == "<sip:+14155551234@sip.carrier.example>"
    assert desired.inbound.numbers == NUMBERS
    by_number = make_blueprint().desired(SECRETS).outbound
    assert by_number is not None
    # What an operator wrote there stays, as long as the number calls.
    assert differing(by_number, replace(by_number, identity="<sip:operator@example.com>")) == ()
    assert differing(desired.outbound, by_number) == ("numbers", "identity")
    nobody = make_blueprint(profile=replace(AS_USER, **BY_LIST), username=None, sealed_password=None)
    assert nobody.desired(SECRETS).outbound == replace(
        by_number, auth_username=None, auth_password=None, numbers=NUMBERS
    )


UDP_EDGE = WayEdge(host="sip1.carrier.example", address=ADDRESS, port=5060, transport=TransportName.UDP)
TLS_EDGE = replace(UDP_EDGE, port=5061, transport=TransportName.TLS)
CARRIER = "sip.carrier.example"


def way(form: WayForm, host: str | None = None, edge: WayEdge | None = None) -> OutboundWay:
    return OutboundWay(form=form, host=host, edge=edge, callable=True, reason="It is so.")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"way": None}, (CARRIER, None, None, None)),
        ({"way": way(WayForm.AS_GIVEN)}, (CARRIER, None, None, None)),
        # UDP that nobody asked for is auto: it would stand in the Request-URI.
        ({"way": way(WayForm.AS_GIVEN, edge=UDP_EDGE)}, (CARRIER, None, None, None)),
        ({"way": way(WayForm.AS_GIVEN, edge=TLS_EDGE)}, (CARRIER, TransportName.TLS, None, None)),
        (
            {"way": way(WayForm.ROUTE, ADDRESS, UDP_EDGE)},
            (CARRIER, None, f"<sip:{ADDRESS}:5060;lr;transport=udp>", None),
        ),
        (
            {"way": way(WayForm.ROUTE, ADDRESS, UDP_EDGE), "transport": TransportName.UDP, "port": 5070},
            (f"{CARRIER}:5070", TransportName.UDP, f"<sip:{ADDRESS}:5060;lr;transport=udp>", None),
        ),
        (
            {
                "way": way(WayForm.ROUTE, "edge.proxy.example", TLS_EDGE),
                "outbound_proxy": "edge.proxy.example",
            },
            (CARRIER, TransportName.TLS, "<sip:edge.proxy.example:5061;lr;transport=tls>", None),
        ),
        (
            {"way": way(WayForm.TARGET, "sip1.carrier.example", TLS_EDGE)},
            ("sip1.carrier.example:5061", TransportName.TLS, None, CARRIER),
        ),
        ({"way": way(WayForm.PARKED)}, (CARRIER, None, PARKED_ROUTE, None)),
        ({"outbound_proxy": "proxy.example"}, (CARRIER, None, PARKED_ROUTE, None)),
    ],
)
def test_the_outbound_side_is_led_by_its_way(given: dict[str, Any], expected: tuple[Any, ...]) -> None:
    outbound = (
        make_blueprint(**({"port": None, "transport": None, "host": CARRIER} | given))
        .desired(SECRETS)
        .outbound
    )
    assert outbound is not None
    assert (outbound.address, outbound.transport, outbound.route, outbound.from_host) == expected


def test_where_no_way_is_known_it_is_said() -> None:
    assert make_blueprint().no_way is None
    assert make_blueprint(way=way(WayForm.PARKED)).no_way == "It is so."
    unproven = make_blueprint(outbound_proxy="proxy.example")
    assert unproven.no_way == (
        "No address of the outbound proxy proxy.example has been proven to answer yet; verify the trunk."
    )
    assert make_blueprint(outbound_proxy="proxy.example", numbers=()).no_way is None
    assert make_blueprint(way=way(WayForm.PARKED), keeps_former=True).no_way is None


def test_a_trunk_without_numbers_has_neither_side() -> None:
    # An inbound side without numbers would take everybody's calls.
    desired = make_blueprint(numbers=()).desired(SECRETS)
    assert (desired.inbound, desired.outbound) == (None, None)


def test_no_inbound_side_where_it_is_off() -> None:
    desired = make_blueprint(profile=TrunkProfile(inbound_enabled=False)).desired(SECRETS)
    assert desired.inbound is None
    assert desired.outbound is not None


@pytest.mark.parametrize(
    ("given", "cause", "told"),
    [
        ({"username": None, "sealed_password": None}, FailureCause.UNFIT, "would admit everyone"),
        ({"sealed_password": None}, FailureCause.UNFIT, "would admit everyone"),
        ({"profile": TrunkProfile(authorization=InboundAuthorization.IP)}, FailureCause.UNFIT, "empty"),
        (
            {
                "profile": TrunkProfile(
                    authorization=InboundAuthorization.IP, allowed_addresses=("0.0.0.0/0",)
                )
            },
            FailureCause.UNFIT,
            "admits everyone",
        ),
        (
            {"profile": TrunkProfile(fixed_egress=True), "egress": None},
            FailureCause.UNFIT,
            "TRUNKS_FIXED_EGRESS",
        ),
        (
            {"outbound_proxy": "proxy.example", "profile": TrunkProfile(fixed_egress=True)},
            FailureCause.UNFIT,
            "both",
        ),
        ({"outbound_proxy": "proxy.example", "keeps_former": True}, FailureCause.UNFIT, "provision apply"),
        ({"host": "not a host"}, FailureCause.UNFIT, "not a host"),
        (
            {"sealed_password": SECRETS.seal(PASSWORD, new_id())},
            FailureCause.OURS,
            "cannot be opened",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    given: dict[str, Any], cause: FailureCause, told: str
) -> None:
    with pytest.raises(ProvisioningFailed) as failed:
        make_blueprint(**given).desired(SECRETS)
    assert failed.value.cause is cause
    assert told in str(failed.value)


def test_no_password_shows_in_a_representation() -> None:
    blueprint = make_blueprint()
    assert PASSWORD not in repr(blueprint)
    assert repr(blueprint.sealed_password) not in repr(blueprint)
    assert PASSWORD not in repr(blueprint.desired(SECRETS))
