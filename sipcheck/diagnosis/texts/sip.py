"""What is said of answers that are SIP, or were to be."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

_TIME = "This usually passes; try again {again}."

SIP: Texts = {
    (Reason.ALIVE, None): Text("The trunk answers at {where} ({answer}); no credentials were tested."),
    (Reason.SIP_FORBIDDEN, None): Text(
        "The carrier refuses us at {where} without asking for a password ({answer}).",
        "Most often our address is not on the carrier's allow-list: ask it to allow {our_address}, and check that "
        "the account is enabled.",
    ),
    (Reason.SIP_NOT_SPOKEN, None): Text(
        "Something answers at {where}, but it is not SIP: {detail}.",
        "Check the port: another service runs there.",
    ),
    (Reason.SIP_NOT_SPOKEN, Cause.OTHER_PROTOCOL): Text(
        "What answers at {where} is not SIP: {detail}.",
        "Check host and port with the carrier: SIP usually runs on port 5060, or 5061 for TLS.",
    ),
    (Reason.SIP_NOT_SPOKEN, Cause.TLS_SPOKEN): Text(
        "What answers at {where} speaks TLS, and we asked without.",
        "Set the trunk's transport to tls for this port, or check the port: without TLS it is usually 5060.",
    ),
    (Reason.SIP_MALFORMED_RESPONSE, None): Text(
        "The answer of {where} begins as SIP but cannot be used: {detail}.",
        "Send the carrier this report; its engineers will find the faulty message in the trace.",
    ),
    (Reason.SIP_MALFORMED_RESPONSE, Cause.UNFINISHED): Text(
        "{where} began an answer and did not finish it: {detail}.",
        "Send the carrier this report; its engineers will find in the trace how far the answer came. Its server may be "
        "stuck, or something on the way may keep back large packets.",
    ),
    (Reason.SIP_SERVICE_UNAVAILABLE, None): Text(
        "The carrier says that its service is unavailable at the moment ({answer}){retry}.",
        _TIME + " If it lasts, ask the carrier whether the account is active or under maintenance.",
    ),
    (Reason.SIP_SERVER_ERROR, None): Text(
        "The carrier's server reports an error of its own ({answer}){retry}.",
        _TIME + " If it lasts, send the carrier this report.",
    ),
    (Reason.SIP_REQUEST_TIMEOUT, None): Text(
        "{where} answers that what stands behind it did not answer in time ({answer}){retry}.",
        _TIME + " If it lasts, the carrier's system behind its edge is overloaded or unreachable.",
    ),
    (Reason.SIP_REQUEST_TIMEOUT, Cause.CREDENTIALS_UNANSWERED): Text(
        "{where} asked for the password, and gave no final answer once it was sent: {detail}.",
        _TIME + " If it lasts, send the carrier this report; nothing says whether the password is right.",
    ),
    (Reason.SIP_REQUEST_TIMEOUT, Cause.CONNECTION_CUT): Text(
        "{where} asked for the password, and the connection was cut once it was sent, before an answer: {detail}.",
        _TIME + " If it lasts, send the carrier this report; nothing says whether the password is right.",
    ),
    (Reason.SIP_BAD_REQUEST, None): Text(
        "{where} speaks SIP but did not understand our test request ({answer}).",
        "Nothing is known to be wrong with the trunk. Please send us this report, so that we can adapt the check.",
    ),
    (Reason.SIP_REDIRECTED, None): Text(
        "The carrier sends registrations elsewhere ({answer}), and does not say where.",
        "Ask the carrier for the server that registrations go to, and enter that one.",
    ),
    (Reason.SIP_REDIRECTED, Cause.SERVER_NAMED): Text(
        "The carrier sends registrations elsewhere ({answer}): to {contacts}.",
        "Ask the carrier whether the trunk is meant to lead to {contacts}, and enter that if so; redirections are not "
        "followed by themselves.",
    ),
    (Reason.SIP_REDIRECTED, Cause.PROXY_NAMED): Text(
        "The carrier wants registrations to go through a proxy ({answer}): {contacts}.",
        "Ask the carrier whether that is meant, and if so enter {contacts} as the trunk's outbound proxy, beside the "
        "domain that stands there; redirections are not followed by themselves.",
    ),
    (Reason.SIP_REDIRECTED, Cause.NO_SERVER_NAMED): Text(
        "The carrier sends registrations elsewhere ({answer}), and names no SIP server for them: {contacts}.",
        "That cannot be entered. Ask the carrier for the server that registrations go to, and enter that one.",
    ),
    (Reason.SIP_REDIRECTED, Cause.SAME_SERVER): Text(
        "The carrier sends registrations elsewhere ({answer}), and names itself for them: {contacts}.",
        "To enter that again changes nothing. Send the carrier this report: its server redirects to itself.",
    ),
}
