"""Which forms of calls are to be proven by a pair of OPTIONS, and what an answer says of one: pure functions
(docs/design/infrastructure.md, "The pair").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sipcheck.host import is_address
from sipcheck.target import HostPort, TransportName
from sipcheck.verification.call_form import CallForm
from trunks.rules.outbound_way import is_certain_as_given
from trunks.rules.way_evidence import WayEdge, WayEvidence, WayForm
from trunks.rules.way_hosts import by_preference, hosts_of, route_to

AGAIN_AFTER = timedelta(days=1)
# A form that held and is not answered as before is asked once more before it is given up; silence may be a loss.
DOUBTED_AFTER = timedelta(minutes=10)
SILENT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WantedForm:
    """A form at an edge, and what it names."""

    form: WayForm
    edge: WayEdge
    host: str

    def asked(self) -> CallForm:
        """Write what calls would carry."""
        if self.form is WayForm.ROUTE:
            return CallForm(self.edge.name, route=route_to(self.host, self.edge))
        return CallForm(self.edge.name, host=HostPort(self.host, self.edge.port))


def forms_to_prove(known: WayEvidence) -> Sequence[Sequence[WantedForm]]:
    """For each living edge the forms by which calls may reach it, the better one first.

    None where calls arrive without: as the address is given, with no other edge to turn to; by an outbound proxy, which
    the customer asked for; by the fixed egress.
    """
    if known.fixed_egress or known.proxy is not None:
        return ()
    edges = by_preference(known)
    if is_address(known.domain) or (len(edges) < 2 and not known.pin_edges and is_certain_as_given(known)):
        return ()
    return [forms for edge in edges if (forms := list(_forms(known, edge)))]


def _forms(known: WayEvidence, edge: WayEdge) -> Sequence[WantedForm]:
    hosts = list(hosts_of(known, edge))
    route = [WantedForm(WayForm.ROUTE, edge, host) for host in hosts[:1]]
    # A carrier rather knows the name of its own server than that one's address.
    named = sorted((host for host in hosts if host != known.domain), key=is_address)
    return [*route, *(WantedForm(WayForm.TARGET, edge, host) for host in named[:1])]


def read_wanted(form: WayForm, edge: str, host: str) -> WantedForm:
    """Read a form that was asked before, at an edge that is named as reports name it."""
    place, _, transport = edge.rpartition("/")
    address, _, port = place.rpartition(":")
    found = WayEdge(
        host=host, address=address.strip("[]"), port=int(port), transport=TransportName(transport)
    )
    return WantedForm(form, found, host)


@dataclass(frozen=True, slots=True)
class FormStanding:
    """What is known of a form: None while nobody heard; `doubts` counts answers since that were others."""

    holds: bool | None = None
    doubts: int = 0


def after_answer(
    before: FormStanding, *, same: bool, silent: bool, now: datetime
) -> tuple[FormStanding, datetime]:
    """Say what stands after an answer, and when it is asked again."""
    if same:
        return FormStanding(holds=True), now + AGAIN_AFTER
    if before.holds and not before.doubts:
        return FormStanding(holds=True, doubts=1), now + DOUBTED_AFTER
    return FormStanding(holds=False), now + (SILENT_AFTER if silent else AGAIN_AFTER)
