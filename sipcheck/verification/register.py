"""REGISTER without Contact: the credentials are proven and the bindings left alone (RFC 3261 §10.2.3)."""

from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.verification.identity import Identity


def register_template(identity: Identity) -> RequestTemplate:
    """Write REGISTER without Contact for the address-of-record."""
    aor = identity.address_of_record()
    return identity.template("REGISTER", from_uri=aor, to_uri=aor, headers=())
