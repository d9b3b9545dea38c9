"""What is shown may be sent back: every field of every update in the OpenAPI document, in trunks of every dialect."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, BY_IP, EXTENSION, IP_BASED, SDES, TALKOVER, USERPASS
from tests.trunks.forms import LIVEKIT_AWAY, PASSWORD, Store, make_report
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.installation.settings import Settings
from trunks.models.provision import Provision
from trunks.voice.sides import SideIds

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

DIALECTS = (TALKOVER, AUTOCALLS, BOLNA)
NUMBER = BY_IP | {"sip_trunk_type": "number", "phone_number": "+14155551234"}
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "talkover": (TALKOVER, BODY | {"auth_realm": "carrier.example", "outbound_proxy": "proxy.example:5070"}),
    "without a port": (TALKOVER, BODY | {"port": None}),
    "over UDP without a port": (TALKOVER, BODY | {"port": None, "transport": "udp"}),
    "what autocalls would refuse": (TALKOVER, BODY | {"name": "x" * 200, "username": "ab"}),
    "extension": (AUTOCALLS, EXTENSION | {"nickname": "Main"}),
    "number": (AUTOCALLS, NUMBER | {"sip_calling_format": "national", "proof": "options"}),
    "bolna": (BOLNA, USERPASS | {"inbound_enabled": True}),
    "two gateways": (
        BOLNA,
        SDES
        | {
            "gateways": [
                {"gateway_address": "b.example", "priority": 2},
                {"gateway_address": "a.example", "port": 5070},
            ]
        },
    ),
    "by address": (
        BOLNA,
        IP_BASED
        | {
            "qualify_frequency": 0,
            "phone_numbers": [{"phone_number": "1800-X", "name": "Toll"}, {"phone_number": "+4407911123456"}],
        },
    ),
    "many numbers": (
        BOLNA,
        USERPASS | {"phone_numbers": [{"phone_number": f"+9198765{n:05}"} for n in range(60)]},
    ),
}
# What may be sent of each field otherwise than shown. A field that is new in the document is missed here.
CHANGED: dict[str, dict[str, Any]] = {
    TALKOVER: {
        "name": "Changed",
        "provider_name": "changed",
        "domain": "changed.example",
        "username": "changed",
        "password": "changed",
        "port": 5099,
        "transport": "tcp",
        "outbound_proxy": "changed.example",
        "auth_realm": "changed",
        "proof": "invite",
        "caller_identity": "username",
        "is_active": False,
    },
    AUTOCALLS: {
        "sip_trunk_type": None,
        "phone_number": "+442083661177",
        "nickname": "Changed",
        "sip_username": "changed",
        "sip_password": "changed",
        "sip_address": "changed.example",
        "sip_calling_format": "e164",
        "inbound_authorization_type": "auth",
        "allowed_inbound_ips": ["203.0.113.77"],
        "country_code": "FR",
        "outbound_proxy": True,
        "proof": "register",
        "caller_identity": "username",
    },
    BOLNA: {
        "name": "Changed",
        "provider": "changed",
        "description": "changed",
        "auth_type": None,
        "auth_username": "changed",
        "auth_password": "changed",
        "ip_identifiers": [{"ip_address": "203.0.113.77"}],
        "gateways": [{"gateway_address": "changed.example", "port": 5099, "priority": 3}],
        "transport": "transport-tcp",
        "media_encryption": "sdes",
        "media_encryption_optimistic": True,
        "allow": "alaw",
        "disallow": "g722",
        "inbound_enabled": True,
        "outbound_leading_plus_enabled": True,
        "qualify_frequency": 600,
        "direct_media": True,
        "rtp_symmetric": False,
        "force_rport": False,
        "phone_numbers": [],
        "proof": "none",
        "caller_identity": "username",
        "is_active": False,
    },
}
# What goes with a change, in the vendors' own words or by the one rule.
WITH_IT = {
    (AUTOCALLS, "phone_number"): {"country_code"},
    (AUTOCALLS, "inbound_authorization_type"): {"allowed_inbound_ips"},
    (BOLNA, "transport"): {"gateways"},
    (TALKOVER, "transport"): {"port"},
}
# Of the fields that are sent back alone: each is sent by every fourth form, and by the others in the long tests.
A_FOURTH, EVERY = 4, 1


@dataclass(frozen=True)
class Update:
    """An update of a trunk in the document, where a trunk can be shown."""

    path: str
    method: str
    fields: frozenset[str]

    @property
    def dialect(self) -> str:
        return self.path.removesuffix("/{trunk_id}")


def updates_in(document: dict[str, Any]) -> Iterator[Update]:
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"put", "patch"}:
            if path.endswith("/{trunk_id}") and "get" in operations:
                content = operations[method]["requestBody"]["content"]["application/json"]
                name = content["schema"]["$ref"].rpartition("/")[2]
                properties = document["components"]["schemas"][name]["properties"]
                yield Update(path, method.upper(), frozenset(properties))


class Trunk:
    """A trunk on the voice infrastructure, as all dialects show it, and as the store has it."""

    def __init__(self, api: ApiUnderTest, trunk_id: str, serial: int) -> None:
        self._api = api
        self.id = UUID(trunk_id)
        self._serial = serial

    def url(self, dialect: str) -> str:
        return f"{dialect}/{self._serial if dialect == AUTOCALLS else self.id}"

    async def shown(self, dialect: str) -> dict[str, Any]:
        answer = await self._api.client.get(self.url(dialect))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        shown: dict[str, Any] = body.get("data", body)
        return shown

    async def everything(self) -> dict[str, Any]:
        """All that a change could be seen by."""
        store = self._api.store
        trunk = store.trunk(self.id)
        with store.installation.database.read() as session:
            provision = session.query(Provision).filter(Provision.trunk_id == self.id).one()
            revision = provision.revision
        return {
            **{dialect: await self.shown(dialect) for dialect in DIALECTS},
            "flips": [flip.id for flip in store.flips(self.id)],
            "generation": trunk.generation,
            "wanted": trunk.wanted,
            "provisioning": revision,
            "interval": trunk.health_interval_seconds,
            "where": [(each.host, each.port, each.transport) for each in trunk.gateways],
            "profile": store.installation.catalog.views.get(store.caller, self.id).profile,
            "rung": len(self._api.rung),
        }


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update={"verify_wait_seconds": 2.0, **LIVEKIT_AWAY})


def play_provisioning(api: ApiUnderTest) -> Callable[[UUID], None]:
    def provision(trunk_id: UUID) -> None:
        claims = api.store.installation.provisions.claims
        claim = claims.claim(trunk_id)
        if claim is not None:
            claims.finish(claim, SideIds(f"in-{trunk_id}", f"out-{trunk_id}"))
        api.app.state.context.waiter.notify(trunk_id)

    return provision


async def make(api: ApiUnderTest, form: str, *, working: bool) -> Trunk:
    """Enter a trunk of this form, on the voice infrastructure, verified and switched on if it works."""
    dialect, body = FORMS[form]
    api.on_ring = api.work(make_report()) if working else lambda verification_id: None
    api.on_ring_provision = play_provisioning(api)
    made = await api.client.post(dialect, json=body)
    assert made.status_code == 201, made.text
    trunk_id, serial = [
        (await api.client.get(each)).json()["data"][0]["id"] for each in (TALKOVER, AUTOCALLS)
    ]
    trunk = Trunk(api, trunk_id, serial)
    if working and dialect == TALKOVER:
        await api.verified(str(trunk.id))
        await api.client.put(trunk.url(TALKOVER), json={"is_active": True})
    api.store.provision(trunk.id)
    play_provisioning(api)(trunk.id)
    api.on_ring = lambda verification_id: None
    return trunk


def document_of(api: ApiUnderTest) -> dict[str, Any]:
    document: dict[str, Any] = api.app.openapi()
    return document


def updates_of(api: ApiUnderTest, form: str) -> Iterator[Update]:
    """Give those that one form is tried with: talkover's PATCH is the route of its PUT, and tried with one."""
    for each in updates_in(document_of(api)):
        if (each.dialect, each.method) != (TALKOVER, "PATCH") or form == "talkover":
            yield each


async def test_the_document_has_an_update_for_each_dialect(api: ApiUnderTest) -> None:
    updates = list(updates_in(document_of(api)))
    assert {(each.dialect, each.method) for each in updates} == {
        (TALKOVER, "PUT"),
        (TALKOVER, "PATCH"),
        (AUTOCALLS, "PUT"),
        (BOLNA, "PATCH"),
    }
    for each in updates:
        assert each.fields == CHANGED[each.dialect].keys()


@pytest.mark.parametrize("alone", [A_FOURTH, pytest.param(EVERY, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("form", "working"), [(form, True) for form in FORMS] + [("bolna", False), ("number", False)]
)
async def test_nothing_changes_by_what_was_shown(
    api: ApiUnderTest, form: str, working: bool, alone: int
) -> None:
    trunk = await make(api, form, working=working)
    before = await trunk.everything()
    for update in updates_of(api, form):
        shown = before[update.dialect]
        written = update.fields & shown.keys()
        bodies = [{}, shown, {name: shown[name] for name in written}]
        # The customer's switch, alone, is one: off also where the trunk is not active for another reason.
        names = sorted(written - {"is_active"})
        bodies += [{name: shown[name]} for name in names[list(FORMS).index(form) % alone :: alone]]
        bodies += [{"sip_trunk_type": form}] if form in ("extension", "number") else []
        api.store.clock.advance(60)
        for body in bodies:
            answer = await api.client.request(update.method, trunk.url(update.dialect), json=body)
            assert answer.status_code == 200, (update, body, answer.text)
        assert await trunk.everything() == before, update


def changed_fields(update: Update, form: str) -> Iterator[tuple[str, Any]]:
    # sdes has to stay with TLS, and the fixed egress needs a setting: these have tests of their own.
    left_out = (
        {"media_encryption", "outbound_proxy", "is_active"} if update.dialect != TALKOVER else {"is_active"}
    )
    left_out |= {"transport"} if form == "two gateways" else set()
    left_out |= (
        {"inbound_authorization_type"} if form == "number" else {"allowed_inbound_ips", "ip_identifiers"}
    )
    for name, value in CHANGED[update.dialect].items():
        if value is not None and name not in left_out:
            yield name, "2000" if (form, name) == ("extension", "phone_number") else value


@pytest.mark.parametrize("form", ["without a port", "extension", "number", "two gateways"])
async def test_one_changed_field_changes_that_field_alone(api: ApiUnderTest, form: str) -> None:
    for update in updates_of(api, form):
        trunk = await make(api, form, working=True)
        for name, value in changed_fields(update, form):
            shown = await trunk.shown(update.dialect)
            answer = await api.client.request(
                update.method, trunk.url(update.dialect), json=shown | {name: value}
            )
            assert answer.status_code == 200, (update, name, answer.text)
            after = await trunk.shown(update.dialect)
            differ = {each for each in update.fields & shown.keys() if after[each] != shown[each]}
            expected = {name} & shown.keys() if shown.get(name) != value else set()
            also = WITH_IT.get((update.dialect, name), set()) | {"is_active"}
            assert differ - also == expected - also, (update, name)
            assert name not in shown or name == "gateways" or after[name] == value
        await api.client.delete(trunk.url(BOLNA))
    assert PASSWORD not in (await api.client.get(TALKOVER)).text


async def test_the_switch_alone_is_the_customers_own(api: ApiUnderTest) -> None:
    """Beside other fields `is_active: false`, as a trunk that is not verified yet shows it, is no wish."""
    for dialect, method in ((BOLNA, "PATCH"), (TALKOVER, "PATCH")):
        trunk = await make(api, "bolna", working=False)
        store: Store = api.store
        shown = await trunk.shown(dialect)
        assert shown["is_active"] is False
        await api.client.request(method, trunk.url(dialect), json=shown | {"name": "Other"})
        assert store.trunk(trunk.id).wanted is True
        await api.client.request(method, trunk.url(dialect), json={"is_active": False})
        assert store.trunk(trunk.id).wanted is False
        await api.client.delete(trunk.url(BOLNA))


async def test_what_needs_a_setting_may_be_sent_back_without_it(api: ApiUnderTest) -> None:
    trunk = await make(api, "extension", working=True)
    edit = TrunkEdit(profile={"fixed_egress": True})
    api.store.installation.catalog.updates.apply(api.store.caller, trunk.id, edit)
    for wanted, status in ((True, 200), (False, 200), (True, 422)):
        answer = await api.client.put(trunk.url(AUTOCALLS), json={"outbound_proxy": wanted})
        assert answer.status_code == status
