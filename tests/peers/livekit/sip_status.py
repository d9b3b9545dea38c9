"""A carrier's refusal as LiveKit's API tells it: Twirp's code by the SIP status, and both in the error's metadata."""

from tests.peers.livekit.refusal import Refusal

_CODES = {
    "invalid_argument": (505, 513),  # and whatever is named nowhere, but the other 5xx
    "not_found": (301, 302, 404, 410, 481, 604),
    "permission_denied": (401, 402, 403, 433, 470, 603, 607, 608),
    "unauthenticated": (407, 436, 437, 438, 494),
    "deadline_exceeded": (408, 504),
    "failed_precondition": (409, 412, 482, 483, 500, 501, 502, 503),
    "out_of_range": (416,),
    "resource_exhausted": (440, 480, 486, 600),
    "aborted": (487, 491),
}
_BY_STATUS = {status: code for code, statuses in _CODES.items() for status in statuses}


def refused_by_carrier(status: int, phrase: str) -> Refusal:
    """Give the error of a call that a carrier refused."""
    otherwise = "failed_precondition" if 500 <= status < 600 else "invalid_argument"
    meta = {"sip_status_code": str(status), "sip_status": phrase}
    return Refusal(_BY_STATUS.get(status, otherwise), f"sip status: {status}: {phrase}", meta)


def failed(message: str) -> Refusal:
    """Give the error of a call that failed on the service's own side once it had begun."""
    return Refusal("failed_precondition", message)
