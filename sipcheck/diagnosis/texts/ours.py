"""What is said of targets that are not asked, and of what we ourselves could not do."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

OURS: Texts = {
    (Reason.TARGET_INVALID, None): Text(
        "{detail}.",
        "Enter the carrier's SIP domain or IP address as it gave it to you, such as sip.carrier.example.",
    ),
    (Reason.ADDRESS_FORBIDDEN, None): Text(
        "The trunk leads to an address that may not be probed: {detail}.",
        "A trunk has to be reachable on a public address. Check the domain, or ask the carrier why its DNS names "
        "this address.",
    ),
    (Reason.PORT_FORBIDDEN, None): Text(
        "The trunk leads to a port that may not be probed: {detail}.",
        "SIP usually runs on port 5060, or 5061 for TLS. Check the port that the carrier gave you.",
    ),
    (Reason.DEADLINE_EXCEEDED, None): Text(
        "The check ran out of its {seconds} seconds before the carrier had a fair chance to answer.",
        "Try again, with a longer time limit if this repeats.",
    ),
    (Reason.DEADLINE_EXCEEDED, Cause.OWN_STALL): Text(
        "Our own system stood still while the check waited for {where}: {detail}.",
        "Try again. If this repeats, the machine that runs the check has too little processor time for all that runs "
        "there.",
    ),
    (Reason.OVERLOADED, None): Text(
        "Our own system had no capacity left for this check: {detail}.", "Try again in a minute."
    ),
    (Reason.OVERLOADED, Cause.NO_TURN): Text(
        "The call was not made: its turn at the carrier's address did not come in time, since we ask there at a pace.",
        "Call again in some minutes. A carrier that exempts our address from its ban filters lifts the pace; then tell "
        "whoever runs this service.",
    ),
    (Reason.CANCELLED, None): Text("The check was cut short by us.", "Run it again."),
    (Reason.SECRET_UNREADABLE, None): Text(
        "The stored password of this trunk cannot be opened, so it was not tried.",
        "Enter the password again. If this happens to several trunks, the operator's key is missing.",
    ),
    (Reason.ADDRESS_RESTING, None): Text(
        "The carrier's address was asked as often as its ban filters bear, so the check waits: the username and the "
        "password were neither sent nor judged.",
        "Nothing: it runs by itself {until}. A carrier that exempts our address from its ban filters lifts the limit; "
        "then tell whoever runs this service.",
    ),
}
