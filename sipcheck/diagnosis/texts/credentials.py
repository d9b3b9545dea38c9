"""What is said of usernames, passwords and challenges."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

CREDENTIALS: Texts = {
    (Reason.CREDENTIALS_PROVEN, None): Text(
        "The trunk works: {where} answers, and it accepted the username and password."
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, None): Text(
        "The carrier answers at {where}, but nothing proved the password.",
        "This is normal for trunks that are authorised by IP address and never ask for one. If the carrier gave "
        "you a password for registration, make one test call to be sure.",
    ),
    (Reason.CREDENTIALS_PROVEN, Cause.BY_INVITE): Text(
        "The username and password are right: {where} asked for them when a call came, was given them, and answered "
        "as it does to a caller whom it knows ({answer})."
    ),
    (Reason.CREDENTIALS_PROVEN, Cause.ACCEPTED_THEN_REFUSED): Text(
        "The username and password are right: {where} accepted them, and refuses {method} for another reason "
        "({answer})."
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.NEVER_CHALLENGED): Text(
        "{where} answered {method} with {answer} and asked for no password, so nothing proved it.",
        "This is normal for trunks that are authorised by IP address. If the carrier gave you a password for "
        "registration, make one test call to be sure.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.REFUSED_UNCHALLENGED): Text(
        "{where} refused {method} with {answer} and asked for no password, so nothing proved it{retry}.",
        "This is normal for trunks that are authorised by IP address. If the carrier gave you a password, ask it "
        "which address takes registrations, and make one test call to be sure.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.CHALLENGE_FROM_ELSEWHERE): Text(
        "{where} was asked, but {detail}.",
        "Ask the carrier to answer from the address that was asked; a load balancer or a router on the way may "
        "change it. Or enter the address that answers, if the carrier confirms it.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.ACCEPTED_THEN_REFUSED): Text(
        "{where} asked for the password, was given it, and answered {method} with {answer}, which does not say "
        "whether it is right{retry}.",
        "Ask the carrier what this answer means for {username}. One test call shows whether the password is right.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.SECOND_REALM): Text(
        "{where} was given the password for one realm and then asked for it in the name of another: {detail}.",
        "If the carrier confirms both realms, enter both: each is then answered once.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.REGISTER_UNANSWERED): Text(
        "The carrier answers at {where}, but {method} brought no answer that can be used ({detail}), so nothing "
        "proved the password.",
        "Ask the carrier which address takes registrations: large carriers have one name for them and another for "
        "the rest. A trunk that is authorised by IP address is not registered at all.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.CONNECTION_CUT): Text(
        "The carrier answers at {where}, but the way there broke off before a password was sent: {detail}.",
        "Ask the carrier whether {where} takes registrations, and whether it limits the connections of "
        "{our_address}.",
    ),
    (Reason.ALIVE_CREDENTIALS_UNPROVEN, Cause.INVITE_UNANSWERED): Text(
        "The carrier answers at {where}, but {method} brought no answer that can be used ({detail}), so nothing "
        "proved the password.",
        "Ask the carrier which address takes calls, and whether it takes them from {our_address}: some servers "
        "ignore whom they do not know.",
    ),
    (Reason.CREDENTIALS_MISSING, None): Text(
        "The carrier answers at {where}, and asks for a username and password ({answer}), which this trunk has not.",
        "Enter the SIP username and password that the carrier gave you, or ask it to authorise {our_address}.",
    ),
    (Reason.CREDENTIALS_REJECTED, None): Text(
        "The carrier rejects the username or the password ({answer}).",
        "Enter the SIP username and password again as the carrier gave them to you; they are often not those of "
        "its web site. If the carrier gave you a separate authentication name, enter that too.",
    ),
    (Reason.REGISTRATION_FORBIDDEN, None): Text(
        "The carrier asked for the password, was given it, and refused ({answer}){retry}.",
        "Carriers answer so both for a wrong password and for an account that may not register. Check the "
        "password first, then ask the carrier whether {username} may register.",
    ),
    (Reason.CALL_FORBIDDEN, None): Text(
        "The carrier asked for the password when a call came, was given it, and refused the call ({answer}){retry}.",
        "Carriers answer so for a wrong password, for a caller that is not the account's, and for a number that may "
        "not be called. Check the password first, then ask the carrier what {username} may call, and as whom.",
    ),
    (Reason.CALL_FORBIDDEN, Cause.UNCHALLENGED): Text(
        "{where} refuses calls without asking for a password ({answer}){retry}.",
        "Most often our address is not on the carrier's allow-list: ask it to allow {our_address}, and whether the "
        "account may call.",
    ),
    (Reason.ACCOUNT_NOT_FOUND, None): Text(
        "The carrier does not know the account {username} ({answer}){retry}.",
        "Check the username and the domain with the carrier.",
    ),
    (Reason.CREDENTIALS_FROZEN, None): Text(
        "The carrier has rejected these credentials before and they are unchanged, so they were not sent again.",
        "Correct the username or the password. Trying the same ones again risks that the carrier blocks our "
        "address{retry}.",
    ),
    (Reason.CREDENTIALS_FROZEN, Cause.TOO_MANY_REJECTIONS): Text(
        "Too many passwords were refused at this carrier within a quarter of an hour, so nothing was sent: neither "
        "the username nor the password was judged.",
        "Compare both with what the carrier gave you, and try again {until}. An earlier try sends nothing, whatever "
        "the password is.",
    ),
    (Reason.REALM_MISMATCH, None): Text(
        "{where} asks for a password in the name of another realm than expected, so none was sent: {detail}.",
        "If the carrier confirms the new realm, enter it. If not, this host may be trying to collect passwords.",
    ),
    (Reason.REALM_MISMATCH, Cause.SECOND_REALM): Text(
        "{where} was given the password for one realm and then asked for it in the name of another: {detail}.",
        "If the carrier confirms both realms, enter both: each is then answered once. If not, this host may be "
        "trying to collect passwords.",
    ),
    (Reason.AUTH_ALGORITHM_UNSUPPORTED, None): Text(
        "{where} offers only ways of checking a password that we do not know: {detail}.",
        "Ask the carrier to offer MD5, SHA-256 or SHA-512-256.",
    ),
    (Reason.AUTH_ALGORITHM_UNSUPPORTED, Cause.QOP_UNSUPPORTED): Text(
        "{where} asks for a password with a protection (qop) that we do not know: {detail}.",
        "Ask the carrier to offer the qop auth, which every telephone has.",
    ),
    (Reason.AUTH_CHALLENGE_MALFORMED, None): Text(
        "{where} asks for a password in a form that cannot be read: {detail}.",
        "Send the carrier this report; its engineers will find the faulty header in the trace.",
    ),
    (Reason.AUTH_STALE_LOOP, None): Text(
        "{where} calls every answer to its challenge outdated, so the password could not be checked.",
        "Tell the carrier: its servers probably do not share their nonces with one another.",
    ),
    (Reason.AUTH_SCHEME_UNSUPPORTED, None): Text(
        "{where} asks for credentials by a method other than Digest: {detail}.",
        "Ask the carrier for Digest authentication, which proves a password without sending it.",
    ),
}
