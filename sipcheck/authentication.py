"""The authentication of one exchange: what may be answered, and what a second challenge means (RFC 3261 §22)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sipcheck.auth import Challenge, Chosen, Refused, authorization, choose
from sipcheck.credentials import Credentials
from sipcheck.reasons import Reason
from sipcheck.target import HostPort

CHALLENGE_STATUS = (401, 407)


@dataclass(slots=True)
class AuthenticationRound:
    """Answers each hop once, and once more for `stale=true`; the outcome stands in its fields.

    `sent` and `realms` are the caller's to keep: only it knows what has left.
    """

    challenged: bool = False
    sent: bool = False
    renewed: bool = False
    withheld: Reason | None = None
    rejected: bool = False
    stale_loop: bool = False
    detail: str = ""
    realms: set[str] = field(default_factory=set)
    _answered: dict[bool, Challenge] = field(default_factory=dict)  # by Challenge.proxy: 401's and 407's hop

    def to_answer(
        self, www: Sequence[str], proxy: Sequence[str], credentials: Credentials
    ) -> tuple[Challenge, ...] | None:
        """Choose the challenges to answer, or note why none is.

        `www` and `proxy` are the values of WWW-Authenticate and Proxy-Authenticate as they came.
        """
        choice = choose(www, proxy, realms=credentials.realms)
        if isinstance(choice, Refused):
            self.withheld, self.detail = choice.reason, choice.detail
            return None
        if not self._is_progress(choice):
            return None
        for challenge in choice.challenges:
            self._answered[challenge.proxy] = challenge
        # A hop that is satisfied goes on being answered when the next one challenges (§22.3).
        return tuple(self._answered.values())

    def leave_unanswered(self, source: HostPort) -> None:
        """Note a challenge that did not come from where the request went: it is never answered."""
        self.detail = f"a challenge from {source}, which is not where the request went, is not answered"

    def _is_progress(self, choice: Chosen) -> bool:
        """Whether answering can lead on: each hop once, and one renewal is granted for stale nonces."""
        if not self._answered:
            return True
        repeated = [challenge for challenge in choice.challenges if challenge.proxy in self._answered]
        if not repeated:
            return True
        if any(challenge.realm != self._answered[challenge.proxy].realm for challenge in repeated):
            self.withheld = Reason.REALM_MISMATCH
            self.detail = "a second challenge names another realm than the one that was answered"
            return False
        if not any(challenge.stale for challenge in repeated):
            self.rejected = True
            return False
        if self.renewed:
            self.stale_loop = True
            return False
        self.renewed = True
        return True


def answer(
    challenges: Sequence[Challenge],
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    cnonces: Sequence[str],
) -> tuple[tuple[str, str], ...]:
    """Write the header fields that answer the challenges, each with a client nonce of its own."""
    return tuple(
        authorization(
            challenge,
            username=credentials.digest_username,
            password=credentials.password,
            method=method,
            uri=uri,
            cnonce=cnonce,
        )
        for challenge, cnonce in zip(challenges, cnonces, strict=True)
    )
