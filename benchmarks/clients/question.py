"""What the clients ask: the requests that a verification sends, to a port of loopback."""

from enum import StrEnum

from sipcheck import Credentials, HostPort, Target, TransportName
from sipcheck.dns.route import Edge
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.verification.identity import Identity
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template

ADDRESS = "127.0.0.1"
CREDENTIALS = Credentials("bench", "secret")


class Method(StrEnum):
    OPTIONS = "options"
    REGISTER = "register"


def edge_on(port: int, transport: TransportName) -> Edge:
    return Edge(host=ADDRESS, address=ADDRESS, port=port, transport=transport)


def template(method: Method, edge: Edge) -> RequestTemplate:
    register = method is Method.REGISTER
    identity = Identity(
        target=Target(edge.host, edge.port, edge.transport),
        username=CREDENTIALS.username if register else None,
        from_user="trunk-check",
        from_domain=None,
    )
    return register_template(identity) if register else options_template(identity, ADDRESS)


def prepare(method: Method, edge: Edge, local: HostPort) -> PreparedRequest:
    """Prepare a request for the fast path; REGISTER has credentials for its challenge."""
    return PreparedRequest(
        edge, template(method, edge), local, CREDENTIALS if method is Method.REGISTER else None
    )
