"""What answers a challenge, once everybody has been asked who may keep a password back (RFC 3261 §22)."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sipcheck.auth.challenge import Challenge
from sipcheck.auth.round import CHALLENGE_STATUS, AuthenticationRound, answer
from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.reasons import Reason
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel

_CNONCE_BYTES = 8
_SECONDS_TO_SEE_AN_END = 0.01

# Whole header fields that carry credentials.
Fields = Sequence[tuple[str, str]]


@dataclass(slots=True)
class ChallengeAnswers:
    """Of one exchange; what became of its authentication stands in `state`."""

    run: RunContext
    credentials: Credentials | None
    state: AuthenticationRound

    async def to(self, result: ExchangeResult, template: RequestTemplate, channel: Channel) -> Fields | None:
        """Write the fields that answer a challenge to a request of this template; None for nothing to send."""
        state = self.state
        if result.status not in CHALLENGE_STATUS:
            return None
        state.challenged = True
        if self.credentials is None:
            return None
        if result.other_source is not None:
            state.leave_unanswered(result.other_source, *result.challenges, self.credentials)
            return None
        challenges = state.to_answer(*result.challenges, self.credentials)
        if challenges is None or not await self._may_leave(challenges, channel):
            return None
        return self._written(challenges, template)

    def _written(self, challenges: Sequence[Challenge], template: RequestTemplate) -> Fields:
        if self.credentials is None:
            return ()
        return answer(
            challenges,
            self.credentials,
            method=template.method,
            uri=template.request_uri,
            new_cnonce=lambda: secrets.token_hex(_CNONCE_BYTES),
            conceal=self.run.trace.conceal,
            body=template.body,
        )

    async def _may_leave(self, challenges: Sequence[Challenge], channel: Channel) -> bool:
        """Ask for each realm before it is answered for the first time, and leave time for the answer to come."""
        run, state = self.run, self.state
        if run.before_credentials is not None:
            try:
                async with asyncio.timeout_at(run.deadline):
                    await self._ask_before(run.before_credentials, challenges)
            except TimeoutError:
                state.withheld = Reason.DEADLINE_EXCEEDED
        if state.withheld is None and run.seconds_left < run.plan.last_chance_seconds:
            state.withheld = Reason.DEADLINE_EXCEEDED
        if state.withheld is not None:
            return False
        if channel.reliable:
            # A peer that hangs up behind its challenge is seen to, before credentials go down a dead connection.
            await asyncio.sleep(_SECONDS_TO_SEE_AN_END)
        return True

    async def _ask_before(
        self, before_credentials: BeforeCredentials, challenges: Sequence[Challenge]
    ) -> None:
        state = self.state
        for realm in dict.fromkeys(challenge.realm_name for challenge in challenges):
            if realm in state.realms:
                continue
            withheld = await before_credentials(realm)
            if withheld is not None:
                state.withhold_for(realm, withheld)
                return
            state.realms |= {realm}
