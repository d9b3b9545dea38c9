"""The engine's own exceptions; a remote failure is none of them: it ends in a report."""

import errno

from sipcheck.failure import Failure
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase


class SipCheckError(Exception):
    """Something the engine cannot go on from.

    Each leaf's docstring is its default message.
    """

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class CallerError(SipCheckError):
    """The caller's argument cannot be used."""


class WrittenInvalid(CallerError):
    """What was written cannot be used; `sentence` says why, and how to mend it."""

    def __init__(self, key: str, /, **parameters: object) -> None:
        self.sentence = Sentence.of(key, **parameters)
        super().__init__(key)

    def __str__(self) -> str:
        said = phrase(self.sentence)
        return f"{said[:1].upper()}{said[1:]}."


class TargetInvalid(WrittenInvalid):
    """The target is not a host, a host and port, or a SIP URI."""


class TargetConflict(WrittenInvalid):
    """The port or the transport is given twice with different values."""


class SettingInvalid(CallerError):
    """A setting of the engine cannot be used."""


class CredentialsInvalid(WrittenInvalid):
    """The credentials hold what no SIP header can carry."""


class ParseError(SipCheckError):
    """The bytes are not a usable SIP message; `sentence` says what is wrong with them."""

    def __init__(self, key: str, /, **parameters: object) -> None:
        self.sentence = Sentence.of(key, **parameters)
        super().__init__(key)

    def __str__(self) -> str:
        return phrase(self.sentence)


class NotSip(ParseError):
    """What came does not start as SIP."""

    def __init__(self) -> None:
        super().__init__("message.not-sip")


class MalformedMessage(ParseError):
    """It starts as SIP but cannot be used."""


class Unreadable(ValueError):
    """A part of a message, a target or a row is not by its grammar; `sentence` says in what."""

    def __init__(self, key: str, /, **parameters: object) -> None:
        self.sentence = Sentence.of(key, **parameters)
        super().__init__(key)

    def __str__(self) -> str:
        return phrase(self.sentence)


class TransportFailed(SipCheckError):
    """The way to an edge could not be used; the detail of `failure` is what the system said."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence.key)
        self.failure = failure

    def __str__(self) -> str:
        return self.failure.detail


# What the system says when it has no file, buffer or memory left for us: no word on whoever is at the other end.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
