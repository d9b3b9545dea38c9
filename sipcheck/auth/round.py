"""The authentication of one exchange: what may be answered, and what a second challenge means (RFC 3261 §22)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sipcheck.auth.authorization import authorization, response_of
from sipcheck.auth.challenge import Challenge, choose, choose_of_kind, name_realms, read_usable
from sipcheck.credentials import Credentials
from sipcheck.failure import Failure
from sipcheck.phrases.listed import Joint
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.target import HostPort

CHALLENGE_STATUS = (401, 407)


@dataclass(slots=True)
class AuthenticationRound:
    """Answers each realm of each hop once, and once more for `stale=true`; the outcome stands in its fields.

    With `once` no renewal is granted, and no further hop or realm answered: the request is one that is not sent twice.
    `sent` and `realms` are the caller's to keep: only it knows what has left. `asked` are the values of the first
    challenge, a field line each: those of WWW-Authenticate, or of Proxy-Authenticate where it has none.
    """

    once: bool = False
    challenged: bool = False
    sent: bool = False
    renewed: bool = False
    withheld: Reason | None = None
    cause: Cause | None = None
    rejected: bool = False
    stale_loop: bool = False
    sentence: Sentence | None = None
    realms: frozenset[str] = frozenset()
    asked: Sequence[str] = ()
    _answered: tuple[Challenge, ...] = ()  # one of each hop, 401's and 407's, and realm

    @property
    def answered(self) -> frozenset[str]:
        """The realms that an answer was chosen for; only the caller knows whether it has left."""
        return frozenset(each.realm_name for each in self._answered)

    def to_answer(
        self, www: Sequence[str], proxy: Sequence[str], credentials: Credentials
    ) -> tuple[Challenge, ...] | None:
        """Choose the challenges to answer, or note why none is.

        `www` and `proxy` are the values of WWW-Authenticate and Proxy-Authenticate as they came.
        """
        if self._answered:
            return self._to_answer_again(www, proxy, credentials)
        self.asked = www or proxy
        choice = choose(www, proxy, realms=credentials.realms)
        if isinstance(choice, Failure):
            self._withhold(choice)
            return None
        self._answered = choice
        return self._answered

    def leave_unanswered(
        self, source: HostPort, www: Sequence[str], proxy: Sequence[str], credentials: Credentials
    ) -> None:
        """Note a challenge that did not come from where the request went: it is never answered.

        Behind an answer it refuses that one no less, wherever it came from.
        """
        self.asked = self.asked or www or proxy
        if self._answered:
            self._to_answer_again(www, proxy, credentials)
            if self.rejected or self.stale_loop or self.withheld is not None or self.cause is not None:
                return
        self.cause = Cause.CHALLENGE_FROM_ELSEWHERE
        key = "challenge.from-elsewhere.again" if self.sent else "challenge.from-elsewhere"
        self.sentence = Sentence.of(key, source=source)

    def withhold_for(self, realm: str, reason: Reason) -> None:
        """Note that nobody may answer this realm, whatever it asks for."""
        answered = [each.realm_name for each in self._answered if each.realm_name in self.realms]
        self.withheld = reason
        asked = _named([realm])
        self.sentence = Sentence.of("challenge.not-to-answer", realm=asked)
        if self.sent:
            self.cause = Cause.SECOND_REALM
            key = "challenge.not-to-answer.second"
            self.sentence = Sentence.of(key, answered=_named(answered), realm=asked)

    def _to_answer_again(
        self, www: Sequence[str], proxy: Sequence[str], credentials: Credentials
    ) -> tuple[Challenge, ...] | None:
        """Judge a challenge behind an answer: whatever it holds, one that brings nothing new is a refusal (§22.2)."""
        fresh = [
            challenge
            for values, is_proxy in ((www, False), (proxy, True))
            if values
            for challenge in self._of_hop(values, credentials, is_proxy=is_proxy)
        ]
        if not www and not proxy:
            self.rejected = True
        if self.rejected or self.stale_loop or self.withheld is not None or not fresh:
            return None
        if self.once:
            self._note_second_realm([each.realm_name for each in fresh])
            return None
        # A hop that is satisfied goes on being answered when the next one challenges (§22.3).
        answered = {(each.proxy, each.realm_name): each for each in (*self._answered, *fresh)}
        self._answered = tuple(answered.values())
        return self._answered

    def _of_hop(
        self, values: Sequence[str], credentials: Credentials, *, is_proxy: bool
    ) -> Sequence[Challenge]:
        """Give what of one hop's fields may be answered now, or note why nothing is."""
        known = tuple(each.realm_name for each in self._answered if each.proxy is is_proxy)
        realms = (*known, *credentials.realms) if known else credentials.realms
        choice = choose_of_kind(values, realms, is_proxy=is_proxy)
        if not isinstance(choice, Failure):
            fresh = [each for each in choice if each.realm_name not in known]
            return [*fresh, *self._renewed([each for each in choice if each.realm_name in known])]
        if choice.reason is Reason.REALM_MISMATCH:
            self._leave_second_realm(values, is_proxy=is_proxy)
            self.withheld = Reason.REALM_MISMATCH if credentials.realms else None
        elif known:
            self.rejected = True  # what cannot be read refuses the answer no less
        else:
            self._withhold(choice)
        return ()

    def _renewed(self, repeated: Sequence[Challenge]) -> Sequence[Challenge]:
        """Grant one renewal for stale nonces; a challenge of an answered realm that is not stale is a refusal."""
        if not repeated:
            return ()
        if not all(challenge.stale for challenge in repeated):
            self.rejected = True
        elif self.renewed or self.once:
            self.stale_loop = True
        else:
            self.renewed = True
            return repeated
        return ()

    def _leave_second_realm(self, values: Sequence[str], *, is_proxy: bool) -> None:
        """Note a further realm that nobody has configured: a password goes to the first one alone."""
        usable = read_usable(values, is_proxy=is_proxy)
        self._note_second_realm(() if isinstance(usable, Failure) else [each.realm_name for each in usable])

    def _note_second_realm(self, asked: Iterable[str]) -> None:
        self.cause = Cause.SECOND_REALM
        answered = _named(each.realm_name for each in self._answered)
        self.sentence = Sentence.of("challenge.second-realm", answered=answered, asked=_named(asked))

    def _withhold(self, failure: Failure) -> None:
        self.withheld, self.sentence, self.cause = failure.reason, failure.sentence, failure.cause


def _named(realms: Iterable[str]) -> Parameter:
    return name_realms(realms, Joint.AND)


def answer(
    challenges: Sequence[Challenge],
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    new_cnonce: Callable[[], str],
    conceal: Callable[[str], None] | None,
    body: bytes = b"",
) -> list[tuple[str, str]]:
    """Write the header fields that answer the challenges, each with a client nonce of its own; auth-int takes in the
    request's body.

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
            body=body,
        )
        if conceal is not None:
            conceal(cnonce)
            conceal(response_of(value))
        fields.append((name, value))
    return fields
