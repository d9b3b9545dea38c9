"""What is said otherwise where the request that is spoken of was a call."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

BY_INVITE: Texts = {
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.NEVER_CHALLENGED): Text(
        "{where} answered {method} with {answer} and asked for no password, so nothing proved it{retry}.",
        "This is normal for trunks that are authorised by IP address: calls need no password there. If the carrier "
        "gave you one for registration, prove it by REGISTER.",
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
