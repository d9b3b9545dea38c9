"""What a peer asks within a call of ours, and what it gets (RFC 3261 §12.2.2, §14.2, §15.1.2)."""

from dataclasses import dataclass

from sipcheck.message.message import Request

ALLOWED = "INVITE, ACK, CANCEL, BYE, OPTIONS"


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """A final response; `ends` says that the dialog is over with it."""

    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...] = ()
    ends: bool = False


_NO_DIALOG = PeerAnswer(481, "Call/Transaction Does Not Exist")
_NOT_KNOWN = PeerAnswer(405, "Method Not Allowed", (("Allow", ALLOWED),))

# What is offered anew is not taken: the session that was agreed on stays (§14.2, RFC 3311 §5.2).
_WITHIN: dict[str, PeerAnswer] = {
    "BYE": PeerAnswer(200, "OK", ends=True),
    "INVITE": PeerAnswer(488, "Not Acceptable Here"),
    "UPDATE": PeerAnswer(488, "Not Acceptable Here"),
    "OPTIONS": PeerAnswer(200, "OK", (("Allow", ALLOWED),)),
    "NOTIFY": _NO_DIALOG,  # of a subscription that we never made (RFC 6665 §4.1.3)
    "CANCEL": _NO_DIALOG,  # of a request that has its final response already (RFC 3261 §9.2)
    "PRACK": _NO_DIALOG,  # we send nothing that it could acknowledge (RFC 3262 §3)
    "REFER": PeerAnswer(603, "Decline"),
}


def answer_within(request: Request, *, in_dialog: bool, highest_cseq: int | None) -> PeerAnswer | None:
    """Choose the answer to a request with our Call-ID; None for an ACK, which is answered never.

    `highest_cseq` is that of the peer's requests in the dialog: one that is not above it came too late (§12.2.2).
    """
    if request.method == "ACK":
        return None
    if not in_dialog:
        return _NO_DIALOG
    late = highest_cseq is not None and request.cseq.number <= highest_cseq
    if late and request.method != "CANCEL":
        return PeerAnswer(500, "Server Internal Error")
    return _WITHIN.get(request.method, _NOT_KNOWN)
