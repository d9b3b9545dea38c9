"""What is said of challenges that are not answered."""

from collections.abc import Mapping

CHALLENGES: Mapping[str, str] = {
    "challenge.none": "the answer asks for credentials without a challenge",
    "challenge.unreadable": "the challenge cannot be read",
    "challenge.parameters": "its parameters cannot be read",
    "challenge.missing": "it has no {name}",
    "challenge.no-nonce": "its nonce is empty",
    "challenge.control-characters": "it holds control characters, which cannot be sent back",
    "challenge.needs-qop": "{algorithm} needs a qop, and none is offered",
    "challenge.algorithm": "the algorithm is {algorithm}",
    "challenge.qop": "the only qop offered is {qop}",
    "challenge.schemes": "it offers {schemes} alone",
    "challenge.realm": "the realm is {found}, expected {expected}",
    "challenge.from-elsewhere": (
        "a challenge from {source}, which is not where the request went, is not answered; so no password was sent"
    ),
    "challenge.from-elsewhere.again": (
        "a challenge from {source}, which is not where the request went, is not answered; so the password was not "
        "sent again"
    ),
    "challenge.not-to-answer": "the realm {realm} is not to be answered",
    "challenge.not-to-answer.second": "the realm {answered} was answered, and {realm} is not to be",
    "challenge.second-realm": "the realm {answered} was answered, and then {asked} was asked for, which was not",
}
