"""The trunks that a service is measured with."""

from uuid import UUID

from benchmarks.responder import ADDRESS, Responder
from benchmarks.service.seed import Fleet, seed, trunk_ids
from benchmarks.service.store import Store
from sipcheck.target import HostPort

_DESTINATIONS = 100


def enter_trunks(store: Store, responder: Responder, count: int) -> list[UUID]:
    """Enter trunks with credentials, spread over destinations that are all at the responder; give their ids."""
    caller = store.installation.tenants.authenticate(store.token)
    assert caller is not None
    fleet = Fleet(
        caller=caller,
        carrier=HostPort(ADDRESS, responder.port),
        trunks=count,
        destinations=min(count, _DESTINATIONS),
    )
    seed(store.installation, fleet)
    return trunk_ids(store.installation, caller)
