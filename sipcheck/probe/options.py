"""OPTIONS: is anybody there? (RFC 3261 §11)"""

from sipcheck.credentials import Credentials
from sipcheck.evidence import ExchangeResult
from sipcheck.exchange import ExchangeContext, exchange
from sipcheck.probe.identity import Identity

_HEADERS = (("Accept", "application/sdp"),)


async def options(
    identity: Identity, context: ExchangeContext, credentials: Credentials | None = None
) -> ExchangeResult:
    """Ask the domain for its capabilities; with credentials a challenge is answered."""
    egress = context.channel.local.host
    draft = identity.draft(
        "OPTIONS", from_uri=identity.from_uri(egress), to_uri=identity.domain_uri(), headers=_HEADERS
    )
    return await exchange(draft, context, credentials)
