"""What is said otherwise where the request that is spoken of was a call."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

BY_INVITE: Texts = {
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.NEVER_CHALLENGED): Text(
        "{where} answered {method} with {answer} and asked for no password, so nothing proved it{retry}.",
        "This is normal for trunks that are authorised by IP address: calls need no password there. If the carrier "
        "gave you one for registration, prove it by REGISTER.",
    ),
    (Reason.SIP_REDIRECTED, None): Text(
        "The carrier sends the call elsewhere ({answer}), and does not say where.",
        "Ask the carrier for the server that calls go to, and enter that one.",
    ),
    (Reason.SIP_REDIRECTED, Cause.SERVER_NAMED): Text(
        "The carrier sends the call elsewhere ({answer}): to {contacts}.",
        "Ask the carrier whether calls are meant to go to {contacts}, and enter that if so; redirections are not "
        "followed by themselves.",
    ),
    (Reason.SIP_REDIRECTED, Cause.PROXY_NAMED): Text(
        "The carrier wants the call to go through a proxy ({answer}): {contacts}.",
        "Ask the carrier whether that is meant, and if so enter {contacts} as the trunk's outbound proxy, beside the "
        "domain that stands there; redirections are not followed by themselves.",
    ),
    (Reason.SIP_REDIRECTED, Cause.NO_SERVER_NAMED): Text(
        "The carrier sends the call elsewhere ({answer}), and names no SIP server for it: {contacts}.",
        "Ask the carrier where calls for this number go, and whether the number is forwarded.",
    ),
    (Reason.SIP_REDIRECTED, Cause.SAME_SERVER): Text(
        "The carrier sends the call elsewhere ({answer}), and names itself for it: {contacts}.",
        "The number is forwarded, or written otherwise than the carrier wants it: try --format auto. Redirections are "
        "not followed by themselves.",
    ),
    (Reason.SIP_BAD_REQUEST, None): Text(
        "{where} asked for the password, was given it, and could not use our test call ({answer}), which does not say "
        "whether it is right.",
        "Nothing is known to be wrong with the trunk. Please send us this report, so that we can adapt the check.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.ACCEPTED_THEN_REFUSED): Text(
        "{where} asked for the password, was given it, and answered {method} with {answer}, which does not say "
        "whether it is right{retry}.",
        "Ask the carrier what this answer means for a call of {username}.",
    ),
}
