"""What is said of connections, and of silence."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

_UNHEARD = (
    "Check host, port and transport, and ask the carrier to let {our_address} through its firewall; many "
    "carriers ignore unknown addresses silently."
)

_EXEMPT = (
    "Filters such as fail2ban ban an address that is refused too often, mostly for minutes, some for a day; calls from "
    "it fail as well. Ask the carrier to exempt {our_address}, and correct what it refuses before it is tried again."
)

TRANSPORT: Texts = {
    (Reason.CONNECTION_REFUSED, None): Text(
        "{where} refused us: {detail}.",
        "Check the port and the transport with the carrier; if they are right, its SIP server is not running there, "
        "or a filter turns {our_address} away.",
    ),
    (Reason.CONNECTION_REFUSED, Cause.BANNED_PERHAPS): Text(
        "{where} refused us: {detail}. Before that, {knocks} of our requests may have counted there as an attack.",
        _EXEMPT,
    ),
    (Reason.CONNECTION_TIMEOUT, None): Text(
        "No connection to {where} came about: {detail}.",
        "A firewall on the way may drop it, or the port is wrong. Ask the carrier to allow {our_address} for "
        "{transport} on this port.",
    ),
    (Reason.CONNECTION_RESET, None): Text(
        "{where} closed the connection before a final answer.",
        "Ask the carrier whether it accepts {transport} on this port, and whether it blocks {our_address}.",
    ),
    (Reason.HOST_UNREACHABLE, None): Text(
        "The network has no way to {where}: {detail}.",
        "Check the address with the carrier. If other trunks fail as well, the fault is in our own network.",
    ),
    (Reason.NO_RESPONSE, None): Text("{where} gave no final answer: {detail}.", _UNHEARD),
    (Reason.NO_RESPONSE, Cause.SILENCE): Text("{where} is silent: {detail}.", _UNHEARD),
    (Reason.NO_RESPONSE, Cause.BANNED_PERHAPS): Text(
        "{where} is silent: {detail}. Before that, {knocks} of our requests may have counted there as an attack.",
        _EXEMPT,
    ),
    (Reason.NO_RESPONSE, Cause.PROVISIONAL_ONLY): Text(
        "{where} took our request and gave no final answer in {seconds} seconds: {detail}.",
        "Requests and answers get through, so look for no firewall. Send the carrier this report: perhaps what its "
        "server passes such requests on to is down.",
    ),
    (Reason.NO_RESPONSE, Cause.ANSWERS_NOT_OURS): Text(
        "{where} answers, but nothing that came is the answer to our request: {detail}.",
        "Something on the way, or the carrier's server, rewrites what tells answers apart. Switch off the SIP help "
        "(ALG) of the router in between; if there is none, send the carrier this report.",
    ),
    (Reason.NO_RESPONSE, Cause.REQUESTS_ONLY): Text(
        "{where} sent no answer, and only requests: {detail}.",
        "Check host and port: perhaps a telephone is there, or something that sends back what it gets. If they are "
        "right, send the carrier this report.",
    ),
    (Reason.NO_RESPONSE, Cause.KEEP_ALIVES_ONLY): Text(
        "{where} gave no answer, and is not silent: {detail}.",
        "What is there reaches us, so look for no firewall. Check host and port, and ask the carrier whether it takes "
        "SIP requests of {our_address} there.",
    ),
}
