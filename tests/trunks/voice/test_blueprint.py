"""What a trunk and its plan come to on the infrastructure, and what they cannot come to."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck.target import HostPort, TransportName
from tests.trunks.forms import PASSWORD, SECRET_KEYS
from trunks.ids import new_id
from trunks.rules.media import Encryption, Media, media_of
from trunks.rules.profile import PLAIN, InboundAuthorization, MediaEncryption, TrunkProfile
from trunks.secrets.keys import parse_keys
from trunks.secrets.secret_box import SecretBox
from trunks.voice.blueprint import Blueprint
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import InboundSide, OutboundSide, holds

SECRETS = SecretBox(parse_keys(SECRET_KEYS))
TRUNK_ID = new_id()
NUMBERS = ("+14155551234",)
BY_ADDRESS = TrunkProfile(authorization=InboundAuthorization.IP, allowed_addresses=("203.0.113.10",))

MEDIA = media_of(PLAIN)


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
    assert desired.inbound == InboundSide(numbers=NUMBERS, allowed_addresses=("203.0.113.10",), media=MEDIA)
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
    assert (former.inbound.media, former.outbound.media) == (None, None)
    assert holds(former.inbound, desired.inbound)
    assert holds(former.outbound, desired.outbound)
    assert not holds(desired.inbound, replace(desired.inbound, media=Media()))


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
        ({"outbound_proxy": "proxy.example"}, FailureCause.UNFIT, "proxy.example"),
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
