"""Where a redirection leads: what of its Contacts can be entered as a trunk's server (RFC 3261 §8.1.3.4, §21.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sipcheck.diagnosis.evidence import Asked, ExchangeResult
from sipcheck.errors import CallerError, Unreadable
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.uri import SipUri
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.reasons import Cause
from sipcheck.report.printable import one_line
from sipcheck.target import HostPort, Target, parse_target

_USE_PROXY = 305


@dataclass(frozen=True, slots=True)
class Redirection:
    """Why its Contacts help or do not, and those that are worth naming; None where there are none."""

    cause: Cause | None
    contacts: Parameter = ""


def read_redirection(exchange: ExchangeResult | None, asked: Asked | None) -> Redirection:
    """Judge the Contacts of a 3xx: a server that can be entered, one that was asked already, or none."""
    contacts = exchange.contacts if exchange is not None else ()
    if exchange is None or not contacts:
        return Redirection(None)
    targets = [target for each in contacts if (target := _target(each)) is not None]
    if not targets:
        said = [one_line(f"'{each}'") for each in dict.fromkeys(contacts)]
        return Redirection(Cause.NO_SERVER_NAMED, listed(said, Joint.AND))
    others = [each for each in targets if asked is None or not asked.is_at(each)]
    if not others:
        return Redirection(Cause.SAME_SERVER, _named(targets))
    by_proxy = exchange.status == _USE_PROXY
    return Redirection(Cause.PROXY_NAMED if by_proxy else Cause.SERVER_NAMED, _named(others))


def _target(contact: str) -> Target | None:
    """Read a Contact as what a person could enter; its user part is the account's, and not the server's."""
    try:
        uri = SipUri.parse(NameAddr.parse(contact).uri)
        if "maddr" in uri.params:
            return None
        transport = uri.params.get("transport")
        written = f"sip{'s' if uri.secure else ''}:{HostPort(uri.host, uri.port)}"
        return parse_target(f"{written};transport={transport}" if transport else written)
    except (Unreadable, CallerError):
        return None


def _named(targets: Sequence[Target]) -> Parameter:
    return listed([_server(each) for each in dict.fromkeys(targets)], Joint.OR)


def _server(target: Target) -> Sentence:
    where = HostPort(target.domain, target.port)
    if target.transport is None:
        return Sentence.of("fact.server", server=where)
    return Sentence.of("fact.server.by", server=where, transport=target.transport)
