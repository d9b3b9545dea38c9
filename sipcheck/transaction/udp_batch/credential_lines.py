"""The answer to a challenge in the batch, by the rules of AuthenticationRound."""

from collections.abc import Callable, Sequence

from sipcheck.auth.challenge import Challenge
from sipcheck.auth.round import AuthenticationRound, answer
from sipcheck.credentials import Credentials
from sipcheck.reasons import Reason
from sipcheck.transaction.udp_batch.pending import MayLeave, PendingRequest
from sipcheck.transaction.udp_batch.plain_response import PlainResponse


def credential_lines(
    pending: PendingRequest, new_cnonce: Callable[[], str], now: float, plain: PlainResponse | None
) -> bytes | None:
    """Write the header lines that answer the challenge of the final response.

    None, with what there is to say in `pending.authentication`, where none are to be sent. `now` is on the event loop's
    clock; `plain` is the response, where it is in plain form.
    """
    credentials = pending.request.credentials
    state = pending.authentication
    if state is None:
        state = pending.authentication = AuthenticationRound(challenged=True)
    if credentials is None:
        return None
    elsewhere = pending.other_source
    if elsewhere is not None:
        state.leave_unanswered(elsewhere, *pending.challenge_values(plain), credentials)
        return None
    challenges = state.to_answer(*pending.challenge_values(plain), credentials)
    if challenges is None:
        return None
    if pending.may_leave is not None:
        _ask_before(pending.may_leave, challenges, state)
        if state.withheld is not None:
            return None
    if pending.deadline - now < pending.plan.last_chance_seconds:
        state.withheld = Reason.DEADLINE_EXCEEDED
        return None
    lines = _write(pending, challenges, credentials, new_cnonce)
    if len(lines) > pending.request.room_bytes and not state.sent:
        # RFC 3261 §18.1.1: it has to go by TCP, which is the plain path's. Once they were sent, never again.
        pending.too_large = True
        return None
    return lines


def _write(
    pending: PendingRequest,
    challenges: Sequence[Challenge],
    credentials: Credentials,
    new_cnonce: Callable[[], str],
) -> bytes:
    template = pending.request.template
    fields = answer(
        challenges,
        credentials,
        method=template.method,
        uri=template.request_uri,
        new_cnonce=new_cnonce,
        conceal=None if pending.trace is None else pending.trace.conceal,
    )
    text = ""
    for name, value in fields:
        text += f"{name}: {value}\r\n"
    return text.encode("utf-8", "surrogateescape")


def _ask_before(may_leave: MayLeave, challenges: Sequence[Challenge], state: AuthenticationRound) -> None:
    """Ask for each realm before it is answered for the first time."""
    for challenge in challenges:
        if challenge.realm_name in state.realms:
            continue
        withheld = may_leave(challenge.realm_name)
        if withheld is not None:
            state.withhold_for(challenge.realm_name, withheld)
            return
        state.realms |= {challenge.realm_name}
