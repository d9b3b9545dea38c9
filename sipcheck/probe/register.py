"""REGISTER without Contact: the credentials are proven and the bindings left alone (RFC 3261 §10.2.3)."""

from sipcheck.credentials import Credentials
from sipcheck.evidence import ExchangeResult
from sipcheck.exchange import ExchangeContext, exchange
from sipcheck.probe.identity import Identity


async def register(
    identity: Identity, context: ExchangeContext, credentials: Credentials | None = None
) -> ExchangeResult:
    """Fetch the bindings of the address-of-record; a Contact here could take over the customer's calls."""
    aor = identity.address_of_record()
    draft = identity.draft("REGISTER", from_uri=aor, to_uri=aor, headers=())
    return await exchange(draft, context, credentials)
