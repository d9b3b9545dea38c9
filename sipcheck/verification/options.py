"""OPTIONS: is anybody there? (RFC 3261 §11)"""

from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.verification.identity import Identity

_HEADERS = (("Accept", "application/sdp"),)


def options_template(identity: Identity, egress: str) -> RequestTemplate:
    """Write OPTIONS for the domain, to leave from our address `egress`."""
    return identity.template(
        "OPTIONS", from_uri=identity.from_uri(egress), to_uri=identity.domain_uri(), headers=_HEADERS
    )
