"""The trunks that a service is measured with."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import UUID

from benchmarks.cores import Cores
from benchmarks.responder import ADDRESS, Responder, udp_responder
from benchmarks.service.seed import Fleet, seed, trunk_ids
from benchmarks.service.store import Form, Store, open_store
from sipcheck.target import HostPort

_DESTINATIONS = 100


@contextmanager
def crowded_forms(
    cores: Cores, count: int, *, missing: Sequence[str], destinations: int = _DESTINATIONS
) -> Iterator[list[tuple[Store, list[UUID]]]]:
    """Run a store of each form, with so many trunks each at one responder; the embedded alone where servers miss."""
    forms = [Form.EMBEDDED] if missing else list(Form)
    with ExitStack() as stack:
        responder = stack.enter_context(udp_responder(cores))
        stores = [stack.enter_context(open_store(form)) for form in forms]
        yield [(store, enter_trunks(store, responder, count, destinations)) for store in stores]


def enter_trunks(
    store: Store, responder: Responder, count: int, destinations: int = _DESTINATIONS
) -> list[UUID]:
    """Enter trunks with credentials, spread over destinations that are all at the responder; give their ids."""
    caller = store.installation.tenancy.tenants.authenticate(store.token)
    assert caller is not None
    fleet = Fleet(
        caller=caller,
        carrier=HostPort(ADDRESS, responder.port),
        trunks=count,
        destinations=min(count, destinations),
    )
    seed(store.installation, fleet)
    return trunk_ids(store.installation, caller)
