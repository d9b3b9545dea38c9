"""What a customer is told of provisioning that failed: nothing of the infrastructure, nothing of other tenants."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunks.voice.test_blueprint import SECRETS, make_blueprint
from trunks.ids import new_id
from trunks.rules.profile import PLAIN
from trunks.voice.livekit import LiveKit
from trunks.voice.provision_trunk import provision
from trunks.voice.provisioner import LASTING, FailureCause, ProvisioningFailed
from trunks.voice.sides import DesiredTrunk, InboundSide, OutboundSide, SideIds

NUMBER = "+14155551234"
DESIRED = DesiredTrunk(
    trunk_id=new_id(),
    inbound=InboundSide(numbers=(NUMBER,), auth_username="alice", auth_password="a password"),
    outbound=OutboundSide(
        numbers=(NUMBER,), address="sip.carrier.example", auth_username="alice", auth_password="a password"
    ),
)
# Ids of theirs, addresses, names of products, of settings and of keys, statuses.
INTERNAL = re.compile(
    r"ST_|://|127\.0\.0\.1|localhost|LiveKit|livekit|kamailio|TRUNKS_|LIVEKIT_|API|[45]\d\d |twirp"
)
AGAIN = re.compile(r"\bagain\b", re.IGNORECASE)
METHODS = (
    "ListSIPInboundTrunk",
    "CreateSIPInboundTrunk",
    "CreateSIPOutboundTrunk",
)


@pytest.fixture
async def livekit(livekit_server: LiveKitServer) -> AsyncIterator[LiveKit]:
    livekit = LiveKit(livekit_server.url, API_KEY, API_SECRET, mark="here", call_timeout_seconds=0.3)
    yield livekit
    await livekit.close()


async def failing(livekit: LiveKit, desired: DesiredTrunk = DESIRED) -> ProvisioningFailed:
    with pytest.raises(ProvisioningFailed) as caught:
        await provision(livekit, desired, SideIds())
    return caught.value


def assert_told(failure: ProvisioningFailed) -> None:
    assert failure.told
    assert INTERNAL.search(failure.told) is None, failure.told
    assert failure.told.endswith(".")
    if failure.cause in LASTING:
        assert AGAIN.search(failure.told) is None, failure.told


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_of_each_call(livekit: LiveKit, livekit_server: LiveKitServer, fault: Fault) -> None:
    for method in METHODS:
        if (fault, method) == (Fault.EMPTY, "ListSIPInboundTrunk"):
            continue  # a list that is empty
        livekit_server.fail(fault, method=method)
        failure = await failing(livekit)
        assert_told(failure)
        # The operator's message is another one, and has what he needs.
        assert str(failure) != failure.told
        livekit_server.heal()


async def test_a_fault_whose_undoing_fails(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    livekit_server.fail(Fault.INTERNAL, method="CreateSIPOutboundTrunk")
    livekit_server.fail(Fault.INTERNAL, method="DeleteSIPTrunk")
    failure = await failing(livekit)
    assert_told(failure)
    assert "as soon as it answers" in str(failure)


async def test_an_infrastructure_that_is_down(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    livekit_server.stop()
    failure = await failing(livekit)
    assert (failure.cause, livekit_server.url in str(failure)) == (FailureCause.DOWN, True)
    assert_told(failure)


def _of_another_tenant(server: LiveKitServer) -> dict[str, Any]:
    return {"numbers": [NUMBER]}


def _of_any_number(server: LiveKitServer) -> dict[str, Any]:
    return {"numbers": [NUMBER], "allowed_addresses": ["203.0.113.10"]}


@pytest.mark.parametrize("theirs", [_of_another_tenant, _of_any_number])
async def test_a_number_of_another_names_the_number_alone(
    livekit: LiveKit, livekit_server: LiveKitServer, theirs: Callable[[LiveKitServer], dict[str, Any]]
) -> None:
    their_id = livekit_server.add_inbound(**theirs(livekit_server))
    failure = await failing(livekit)
    assert failure.cause is FailureCause.CONFLICT
    assert their_id in str(failure)
    assert_told(failure)
    assert NUMBER in failure.told


async def test_a_number_that_another_tenant_here_has(livekit: LiveKit) -> None:
    other = await provision(livekit, replace(DESIRED, trunk_id=new_id()), SideIds())
    failure = await failing(livekit)
    assert (failure.cause, str(other.inbound) in str(failure)) == (FailureCause.CONFLICT, True)
    assert_told(failure)


@pytest.mark.parametrize(
    "given",
    [
        {"outbound_proxy": "proxy.example"},
        {"username": None},
        {"profile": replace(PLAIN, fixed_egress=True), "egress": None},
        {"host": "not a host"},
        {"sealed_password": b"nonsense"},
    ],
)
def test_what_does_not_fit(given: dict[str, Any]) -> None:
    with pytest.raises(ProvisioningFailed) as caught:
        make_blueprint(**given).desired(SECRETS)
    assert_told(caught.value)


@pytest.mark.parametrize("cause", FailureCause)
def test_each_cause_has_something_to_tell(cause: FailureCause) -> None:
    assert_told(ProvisioningFailed(cause, "It is not to be."))
