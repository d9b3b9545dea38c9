"""The authentication of one exchange: what may be answered, and what a second challenge means (RFC 3261 §22)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sipcheck.auth.authorization import authorization, read_authorization
from sipcheck.auth.challenge import Challenge, Chosen, choose
from sipcheck.credentials import Credentials
from sipcheck.failure import Failure
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
    realms: frozenset[str] = frozenset()
    _answered: tuple[Challenge, ...] = ()  # one of each hop, 401's and 407's

    def to_answer(
        self, www: Sequence[str], proxy: Sequence[str], credentials: Credentials
    ) -> tuple[Challenge, ...] | None:
        """Choose the challenges to answer, or note why none is.

        `www` and `proxy` are the values of WWW-Authenticate and Proxy-Authenticate as they came.
        """
        choice = choose(www, proxy, realms=credentials.realms)
        if isinstance(choice, Failure):
            self.withheld, self.detail = choice.reason, choice.detail
            return None
        if not self._answered:
            self._answered = choice.challenges
        elif self._is_progress(choice, {challenge.proxy: challenge for challenge in self._answered}):
            # A hop that is satisfied goes on being answered when the next one challenges (§22.3).
            hops = {challenge.proxy: challenge for challenge in (*self._answered, *choice.challenges)}
            self._answered = tuple(hops.values())
        else:
            return None
        return self._answered

    def leave_unanswered(self, source: HostPort) -> None:
        """Note a challenge that did not come from where the request went: it is never answered."""
        self.detail = f"a challenge from {source}, which is not where the request went, is not answered"

    def _is_progress(self, choice: Chosen, answered: Mapping[bool, Challenge]) -> bool:
        """Whether answering again can lead on: each hop once, and one renewal is granted for stale nonces.

        `answered` is by Challenge.proxy.
        """
        repeated = [challenge for challenge in choice.challenges if challenge.proxy in answered]
        if not repeated:
            return True
        if any(challenge.realm_name != answered[challenge.proxy].realm_name for challenge in repeated):
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
    new_cnonce: Callable[[], str],
    conceal: Callable[[str], None] | None,
) -> list[tuple[str, str]]:
    """Write the header fields that answer the challenges, each with a client nonce of its own.

    `conceal` is called with what a dictionary attack on a captured answer would need.
    """
    fields = []
    for challenge in challenges:
        cnonce = new_cnonce()
        name, value = authorization(
            challenge,
            username=credentials.digest_username,
            password=credentials.password,
            method=method,
            uri=uri,
            cnonce=cnonce,
        )
        if conceal is not None:
            conceal(cnonce)
            conceal(read_authorization(value)["response"])
        fields.append((name, value))
    return fields
