"""From a final response, and the authentication round around it, to the facts that the diagnosis reads."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sipcheck.auth.round import AuthenticationRound
from sipcheck.auth.server_proof import SentCredentials
from sipcheck.diagnosis.evidence import Copies, ExchangeResult
from sipcheck.host import plain_address
from sipcheck.message.message import Response
from sipcheck.report.printable import PHRASE_LIMIT, TEXT_LIMIT, one_line
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.telling_headers import telling_headers

_METHODS_LIMIT = 300
_MOST_CONTACTS = 16
_NO_FACTS: Mapping[str, str] = {}


def read_result(
    response: Response,
    *,
    source: HostPort,
    remote: HostPort,
    local: HostPort,
    trace: Trace | None,
    sent: SentCredentials | None = None,
    rtt_seconds: float | None = None,
    retransmissions: int = 0,
    provisional: int | None = None,
    copies: Copies | None = None,
    cseq: int = 0,
    further_facts: Mapping[str, str] = _NO_FACTS,
) -> ExchangeResult:
    """Read the final response to a request that went from `local` to `remote`; it came from `source`.

    `sent` is what the request carried, where it answered a challenge; the others are what was seen around it.
    """

    def shown(text: str, limit: int = PHRASE_LIMIT) -> str:
        return one_line(text if trace is None else trace.without_secrets(text), limit)

    headers = response.headers
    return ExchangeResult(
        method=response.cseq.method,
        status=response.status,
        phrase=shown(response.phrase),
        challenges=(headers.get_all("WWW-Authenticate"), headers.get_all("Proxy-Authenticate")),
        retry_after_seconds=response.retry_after_seconds,
        facts={**telling_headers(response, shown), **further_facts},
        rtt_seconds=rtt_seconds,
        retransmissions=retransmissions,
        provisional=provisional,
        copies=copies,
        cseq=cseq,
        contacts=_contacts(response, shown) if 300 <= response.status < 400 else (),
        server=shown(response.server) if response.server else None,
        allow=shown(", ".join(headers.get_all("Allow")), _METHODS_LIMIT) or None,
        defects=response.defects,
        other_source=source if source != remote else None,
        local_address=str(local),
        received_address=_received_address(response, local),
        server_disproved=sent is not None and _disproved(response, sent),
    )


def _contacts(response: Response, shown: Callable[[str, int], str]) -> tuple[str, ...]:
    return tuple(shown(each, TEXT_LIMIT) for each in response.headers.split("Contact")[:_MOST_CONTACTS])


def _disproved(response: Response, sent: SentCredentials) -> bool:
    """Whether it takes the credentials, and gives a proof of its own that is none."""
    headers = response.headers
    return 200 <= response.status < 300 and sent.disproved_by(
        headers.get_all("Authentication-Info"), headers.get_all("Proxy-Authentication-Info"), response.body
    )


def with_round(result: ExchangeResult, state: AuthenticationRound, **further: Any) -> ExchangeResult:
    """Put the outcome of the authentication round, and `further` fields, beside the result of its last request.

    At once, and only where something differs: each replacement copies thirty fields.
    """
    outcome = {
        "sentence": state.sentence,
        "challenged": state.challenged,
        "credentials_sent": state.sent,
        "withheld": state.withheld,
        "cause": state.cause,
        "rejected": state.rejected,
        "stale_loop": state.stale_loop,
        "first_challenge": state.asked,
        **further,
    }
    if all(getattr(result, name) is value for name, value in outcome.items()):
        return result
    return replace(result, **outcome)


def _received_address(response: Response, local: HostPort) -> str | None:
    """Our address as the peer saw it, from the Via it returned (RFC 3581 §4), or None when it did not say."""
    via = response.vias[0]
    if via.received is None and not via.rport:
        return None
    seen = local.host
    if via.received is not None and via.received != plain_address(local.host):
        seen = via.received
    return str(HostPort(seen, via.rport or local.port))
