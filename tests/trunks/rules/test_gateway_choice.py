"""By which of its gateways a trunk's calls leave."""

from collections.abc import Sequence

import pytest

from sipcheck.target import TransportName
from trunks.rules.gateway_choice import choose_gateway
from trunks.rules.way_evidence import Dialled, FormProof, OutboundWay, WayEdge, WayEvidence, WayForm

ONE, TWO = "198.51.100.1", "198.51.100.2"
ROUTED = FormProof(WayForm.ROUTE, f"{ONE}:5060/udp", ONE)


def gateway(*lives: bool | None, dialled: Dialled | None = None, **given: object) -> WayEvidence:
    """Give a gateway by name with an edge for each sign of life; its own addresses are those, unless it says other."""
    edges = tuple(
        WayEdge(host="sip.example", address=address, port=5060, transport=TransportName.UDP, lives=sign)
        for address, sign in zip((ONE, TWO), lives, strict=False)
    )
    own = Dialled(ipv4=tuple(each.address for each in edges)) if dialled is None else dialled
    return WayEvidence(domain="sip.example", edges=edges, dialled=own, **given)  # type: ignore[arg-type]


WELL, DEAD, HALF = gateway(True), gateway(False), gateway(True, False)
SRV_ALONE = gateway(True, dialled=Dialled())
SRV_ROUTED = gateway(True, dialled=Dialled(), proofs=frozenset({ROUTED}))
FORBIDDEN = gateway(True, is_forbidden=True)
PRIVATE = gateway(True, dialled=Dialled(ipv4=("10.0.0.1",), forbidden=True))
UNLOOKED = WayEvidence(domain="sip.example", edges=WELL.edges)
CANNOT = gateway(True, unanswerable="No.")
EGRESS, DEAD_EGRESS = gateway(True, False, fixed_egress=True), gateway(False, fixed_egress=True)
GIVEN = OutboundWay(form=WayForm.AS_GIVEN, reason="It was proven.", callable=True)
ENDED = OutboundWay(form=WayForm.PARKED, reason="It was not.", callable=False)


@pytest.mark.parametrize(
    ("known", "chosen"),
    [
        ([WELL], 0),
        ([WELL, WELL], 0),
        # The first falls, the second lives.
        ([DEAD, WELL], 1),
        ([DEAD, DEAD, WELL], 2),
        ([DEAD, SRV_ROUTED], 1),
        # One that never answered is none.
        ([None, WELL], 1),
        ([WELL, None], 0),
        ([DEAD, None, WELL], 2),
        # No form holds at the first, or at the second.
        ([SRV_ALONE, WELL], 1),
        ([DEAD, SRV_ALONE, WELL], 2),
        ([SRV_ROUTED, WELL], 0),
        # Calls may meet silence at the first: an own address of its name is dead, and no form leads past it.
        ([HALF, WELL], 1),
        ([HALF, DEAD], 0),
        ([HALF, HALF], 0),
        ([gateway(True, False, proofs=frozenset({ROUTED})), WELL], 0),
        # The guard goes before.
        ([FORBIDDEN, WELL], 1),
        ([PRIVATE, WELL], 1),
        ([DEAD, FORBIDDEN, WELL], 2),
        # What is not known to fail is left.
        ([UNLOOKED, WELL], 0),
        ([CANNOT, WELL], 0),
        # Behind the fixed egress life alone counts.
        ([EGRESS, EGRESS], 0),
        ([DEAD_EGRESS, EGRESS], 1),
    ],
)
def test_the_first_gateway_by_which_calls_arrive(known: Sequence[WayEvidence | None], chosen: int) -> None:
    found = choose_gateway(known)
    assert found is not None
    number, way = found
    assert (number, way.form is WayForm.PARKED) == (chosen, False)


@pytest.mark.parametrize(
    ("known", "in_use", "kept", "stays"),
    [
        ([], None, None, True),
        ([None, None], None, None, True),
        # While nobody answers nothing moves, wherever calls go.
        ([DEAD, DEAD], 0, GIVEN, True),
        ([DEAD, DEAD], 1, GIVEN, True),
        ([DEAD, FORBIDDEN], 0, GIVEN, True),
        ([DEAD, SRV_ALONE], 0, GIVEN, True),
        # Nothing is kept, as for a new trunk.
        ([DEAD, DEAD], None, None, False),
        ([None, DEAD], None, None, False),
        # What was ended is opened by what is known now; what would lead astray is ended.
        ([DEAD], 0, ENDED, False),
        ([gateway(False, dialled=Dialled())], 0, GIVEN, False),
        ([gateway(False, is_forbidden=True)], 0, GIVEN, False),
        ([FORBIDDEN, DEAD], 0, GIVEN, False),
    ],
)
def test_while_nobody_answers_calls_stay(
    known: Sequence[WayEvidence | None], in_use: int | None, kept: OutboundWay | None, *, stays: bool
) -> None:
    found = choose_gateway(known, in_use, kept)
    assert (found is None) is stays
    if found is not None:
        assert found[0] == (in_use if in_use is not None else found[0])
