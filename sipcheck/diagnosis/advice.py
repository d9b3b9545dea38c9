"""What a verdict says to a person who runs a trunk and may never have heard of SIP's inner life."""

from dataclasses import dataclass, fields

from sipcheck.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the texts may name; each is a phrase ready to stand in a sentence."""

    domain: str
    where: str  # the edge that decided, or the domain where no edge was reached
    transport: str = "SIP"
    answer: str = "nothing"  # "403 Forbidden"
    username: str = ""
    our_address: str = "our address"
    detail: str = ""
    seconds: str = "10"
    retry: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """A summary of one sentence, and what to do next in one or two; both may name the fields of Facts."""

    summary: str
    next_step: str = ""


_TIME = "This usually passes; try again in a few minutes."
_CERTIFICATE = "Ask the carrier to install"

ADVICE: dict[Reason, Advice] = {
    Reason.CREDENTIALS_PROVEN: Advice(
        "The trunk works: {where} answers, and it accepted the username and password."
    ),
    Reason.ALIVE: Advice("The trunk answers at {where} ({answer}); no credentials were tested."),
    Reason.ALIVE_CREDENTIALS_UNPROVEN: Advice(
        "The carrier answers at {where}, but nothing proved the password.",
        "This is normal for trunks that are authorised by IP address and never ask for one. If the carrier gave "
        "you a password for registration, make one test call to be sure.",
    ),
    Reason.CREDENTIALS_MISSING: Advice(
        "The carrier answers at {where}, and asks for a username and password ({answer}), which this trunk has not.",
        "Enter the SIP username and password that the carrier gave you, or ask it to authorise {our_address}.",
    ),
    Reason.SIP_FORBIDDEN: Advice(
        "The carrier refuses us at {where} without asking for a password ({answer}).",
        "Most often our address is not on the carrier's allow-list: ask it to allow {our_address}, and check that "
        "the account is enabled.",
    ),
    Reason.TARGET_INVALID: Advice(
        "{detail}.",
        "Enter the carrier's SIP domain or IP address as it gave it to you, such as sip.carrier.example.",
    ),
    Reason.ADDRESS_FORBIDDEN: Advice(
        "The trunk leads to an address that may not be probed: {detail}.",
        "A trunk has to be reachable on a public address. Check the domain, or ask the carrier why its DNS names "
        "this address.",
    ),
    Reason.PORT_FORBIDDEN: Advice(
        "The trunk leads to a port that may not be probed: {detail}.",
        "SIP usually runs on port 5060, or 5061 for TLS. Check the port that the carrier gave you.",
    ),
    Reason.DNS_NXDOMAIN: Advice(
        "The trunk's domain does not exist: {detail}.",
        "Check the spelling. If it is right, the carrier's DNS has no entry of that name.",
    ),
    Reason.DNS_NO_RECORDS: Advice(
        "The trunk's domain leads to no address: {detail}.",
        "Check the domain and the transport with the carrier, or enter the host name or IP address and port "
        "that it gave you.",
    ),
    Reason.DNS_SERVICE_REFUSED: Advice(
        "The carrier's DNS declines this service: {detail}.",
        "Choose another transport, or ask the carrier which one this domain is meant for.",
    ),
    Reason.DNS_SERVFAIL: Advice(
        "DNS could not answer for {domain}: {detail}.",
        "The fault lies in the domain's DNS or on the way to it, and often passes. If it lasts, tell the carrier.",
    ),
    Reason.DNS_TIMEOUT: Advice(
        "DNS did not answer for {domain} in time: {detail}.",
        "This often passes; try again in a few minutes. If it lasts, tell the carrier.",
    ),
    Reason.CONNECTION_REFUSED: Advice(
        "Nothing listens at {where}: the connection was refused.",
        "Check the port and the transport with the carrier; if they are right, its SIP server is not running there.",
    ),
    Reason.CONNECTION_TIMEOUT: Advice(
        "No connection to {where} came about: {detail}.",
        "A firewall on the way may drop it, or the port is wrong. Ask the carrier to allow {our_address} for "
        "{transport} on this port.",
    ),
    Reason.CONNECTION_RESET: Advice(
        "{where} closed the connection before it answered.",
        "Ask the carrier whether it accepts {transport} on this port, and whether it blocks {our_address}.",
    ),
    Reason.HOST_UNREACHABLE: Advice(
        "The network has no way to {where}: {detail}.",
        "Check the address with the carrier. If other trunks fail as well, the fault is in our own network.",
    ),
    Reason.NO_RESPONSE: Advice(
        "{where} gave no final answer in {seconds} seconds: {detail}.",
        "Check host, port and transport, and ask the carrier to let {our_address} through its firewall; many "
        "carriers ignore unknown addresses silently.",
    ),
    Reason.TLS_UNTRUSTED: Advice(
        "The certificate of {where} was not issued by an authority we trust: {detail}.",
        _CERTIFICATE
        + " the certificate together with its intermediate certificates, from a public authority.",
    ),
    Reason.TLS_SELF_SIGNED: Advice(
        "The certificate of {where} is self-signed, so nobody vouches for it.",
        _CERTIFICATE + " a certificate of a public authority.",
    ),
    Reason.TLS_EXPIRED: Advice(
        "The certificate of {where} has expired.", _CERTIFICATE + " a renewed certificate."
    ),
    Reason.TLS_NOT_YET_VALID: Advice(
        "The certificate of {where} is not valid yet.",
        _CERTIFICATE
        + " one that is valid now. If other trunks fail in the same way, our own clock is wrong.",
    ),
    Reason.TLS_NAME_MISMATCH: Advice(
        "The certificate of {where} is not for {domain}: {detail}.",
        "Use the domain that the certificate names if the carrier confirms it, or ask the carrier for a "
        "certificate that names {domain}.",
    ),
    Reason.TLS_VERSION_UNSUPPORTED: Advice(
        "{where} speaks only versions of TLS older than 1.2, which are no longer safe.",
        "Ask the carrier to enable TLS 1.2 or 1.3.",
    ),
    Reason.TLS_CLIENT_CERTIFICATE_REQUIRED: Advice(
        "{where} asks for a certificate of ours, and we present none.",
        "Ask the carrier for a trunk that is authorised by password or by IP address.",
    ),
    Reason.TLS_NOT_SPOKEN: Advice(
        "What listens at {where} does not speak TLS.",
        "Check the port: TLS usually runs on 5061. Or choose udp or tcp for this port.",
    ),
    Reason.TLS_HANDSHAKE_FAILED: Advice(
        "The TLS handshake with {where} failed: {detail}.",
        "Ask the carrier which TLS versions and ciphers it takes, and whether it wants a client certificate.",
    ),
    Reason.SIP_NOT_SPOKEN: Advice(
        "Something answers at {where}, but it is not SIP: {detail}.",
        "Check the port: another service runs there.",
    ),
    Reason.SIP_MALFORMED_RESPONSE: Advice(
        "The answer of {where} begins as SIP but cannot be used: {detail}.",
        "Send the carrier this report; its engineers will find the faulty message in the trace.",
    ),
    Reason.SIP_SERVICE_UNAVAILABLE: Advice(
        "The carrier says that its service is unavailable at the moment ({answer}){retry}.",
        _TIME + " If it lasts, ask the carrier whether the account is active or under maintenance.",
    ),
    Reason.SIP_SERVER_ERROR: Advice(
        "The carrier's server reports an error of its own ({answer}){retry}.",
        _TIME + " If it lasts, send the carrier this report.",
    ),
    Reason.SIP_REQUEST_TIMEOUT: Advice(
        "{where} is there, but its answer did not come in time ({answer}).",
        _TIME + " If it lasts, the carrier's system behind its edge is overloaded or unreachable.",
    ),
    Reason.SIP_BAD_REQUEST: Advice(
        "{where} speaks SIP but did not understand our test request ({answer}).",
        "Nothing is known to be wrong with the trunk. Please send us this report, so that we can adapt the check.",
    ),
    Reason.SIP_REDIRECTED: Advice(
        "The carrier sends registrations elsewhere ({answer}).",
        "Ask the carrier for the address that it redirects to, and enter that one; redirections are not followed "
        "by themselves.",
    ),
    Reason.CREDENTIALS_REJECTED: Advice(
        "The carrier rejects the username or the password ({answer}).",
        "Enter the SIP username and password again as the carrier gave them to you; they are often not those of "
        "its web site. If the carrier gave you a separate authentication name, enter that too.",
    ),
    Reason.REGISTRATION_FORBIDDEN: Advice(
        "The carrier took the credentials and then refused ({answer}).",
        "Carriers answer so both for a wrong password and for an account that may not register. Check the "
        "password first, then ask the carrier whether {username} may register.",
    ),
    Reason.ACCOUNT_NOT_FOUND: Advice(
        "The carrier does not know the account {username} ({answer}).",
        "Check the username and the domain with the carrier.",
    ),
    Reason.CREDENTIALS_FROZEN: Advice(
        "The carrier has rejected these credentials before and they are unchanged, so they were not sent again.",
        "Correct the username or the password. Trying the same ones again risks that the carrier blocks our "
        "address{retry}.",
    ),
    Reason.REALM_MISMATCH: Advice(
        "{where} asks for a password in the name of another realm than expected, so none was sent: {detail}.",
        "If the carrier confirms the new realm, enter it. If not, this host may be trying to collect passwords.",
    ),
    Reason.AUTH_ALGORITHM_UNSUPPORTED: Advice(
        "{where} offers only ways of checking a password that we do not know: {detail}.",
        "Ask the carrier to offer MD5, SHA-256 or SHA-512-256.",
    ),
    Reason.AUTH_CHALLENGE_MALFORMED: Advice(
        "{where} asks for a password in a form that cannot be read: {detail}.",
        "Send the carrier this report; its engineers will find the faulty header in the trace.",
    ),
    Reason.AUTH_STALE_LOOP: Advice(
        "{where} calls every answer to its challenge outdated, so the password could not be checked.",
        "Tell the carrier: its servers probably do not share their nonces with one another.",
    ),
    Reason.AUTH_SCHEME_UNSUPPORTED: Advice(
        "{where} asks for a password by a method other than Digest: {detail}.",
        "Ask the carrier for Digest authentication; Basic would send the password in the clear.",
    ),
    Reason.DEADLINE_EXCEEDED: Advice(
        "The check ran out of its {seconds} seconds before the carrier had a fair chance to answer.",
        "Try again, with a longer time limit if this repeats.",
    ),
    Reason.OVERLOADED: Advice(
        "Our own system had no capacity left for this check: {detail}.", "Try again in a minute."
    ),
    Reason.CANCELLED: Advice("The check was cut short by us.", "Run it again."),
    Reason.SECRET_UNREADABLE: Advice(
        "The stored password of this trunk cannot be opened, so it was not tried.",
        "Enter the password again. If this happens to several trunks, the operator's key is missing.",
    ),
}


def advise(reason: Reason, facts: Facts) -> tuple[str, str]:
    """Return the summary and the advice of a verdict, with the facts put in."""
    found = ADVICE[reason]
    values = {field.name: getattr(facts, field.name) for field in fields(facts)}
    summary = found.summary.format_map(values)
    return summary[:1].upper() + summary[1:], found.next_step.format_map(values)
