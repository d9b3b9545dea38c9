"""The answer to a challenge in the window: by the rules of AuthenticationRound, or the reason why there is none."""

from collections.abc import Iterator, Sequence

from sipcheck.auth.authorization import authorization, read_authorization
from sipcheck.auth.challenge import Challenge
from sipcheck.auth.round import AuthenticationRound
from sipcheck.credentials import Credentials
from sipcheck.reasons import Reason
from sipcheck.transaction.udp_batch.pending import MayLeave, PendingRequest
from sipcheck.transaction.udp_batch.plain_response import PlainResponse

_CNONCE_DIGITS = 16


def credential_lines(
    asking: PendingRequest, tokens: Iterator[bytes], now: float, plain: PlainResponse | None
) -> bytes | None:
    """Write the header lines that answer the challenge of the final answer; None, noted in `asking`, sends none.

    `now` is on the event loop's clock; `plain` is the answer, where it passed the glance.
    """
    credentials = asking.question.credentials
    state = asking.authentication
    if state is None:
        state = asking.authentication = AuthenticationRound(challenged=True)
    if credentials is None:
        return None
    elsewhere = asking.other_source
    if elsewhere is not None:
        state.leave_unanswered(elsewhere)
        return None
    challenges = state.to_answer(*asking.challenge_values(plain), credentials)
    if challenges is None:
        return None
    if asking.may_leave is not None:
        state.withheld = _withheld(asking.may_leave, challenges, state)
        if state.withheld is not None:
            return None
    if asking.deadline - now < asking.plan.last_chance_seconds:
        state.withheld = Reason.DEADLINE_EXCEEDED
        return None
    lines = _written(asking, challenges, credentials, tokens)
    if len(lines) > asking.question.room_bytes and not state.sent:
        # RFC 3261 §18.1.1: it has to go by TCP, which is the plain path's. Once they were sent, never again.
        asking.too_large = True
        return None
    state.sent = True
    return lines


def _written(
    asking: PendingRequest, challenges: Sequence[Challenge], credentials: Credentials, tokens: Iterator[bytes]
) -> bytes:
    draft = asking.question.draft
    text = ""
    for challenge in challenges:
        cnonce = next(tokens)[:_CNONCE_DIGITS].decode()
        name, value = authorization(
            challenge,
            username=credentials.digest_username,
            password=credentials.password,
            method=draft.method,
            uri=draft.request_uri,
            cnonce=cnonce,
        )
        text += f"{name}: {value}\r\n"
        if asking.trace is not None:
            asking.trace.conceal(cnonce)
            asking.trace.conceal(read_authorization(value)["response"])
    return text.encode("utf-8", "surrogateescape")


def _withheld(
    may_leave: MayLeave, challenges: Sequence[Challenge], state: AuthenticationRound
) -> Reason | None:
    """Ask for each realm before it is answered for the first time."""
    for challenge in challenges:
        if challenge.realm in state.realms:
            continue
        withheld = may_leave(challenge.realm)
        if withheld is not None:
            return withheld
        state.realms |= {challenge.realm}
    return None
