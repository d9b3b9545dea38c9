"""What a call has come to, from its last answer and from what was heard: pure tables (docs/calls.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sipcheck.reasons import CallCause, CallReason, CallVerdict, Party

# What the last answer to a call says of it, whatever words stand beside the code.
BY_STATUS: Mapping[int, CallReason] = {
    402: CallReason.CALL_FORBIDDEN,
    403: CallReason.CALL_FORBIDDEN,
    404: CallReason.NUMBER_NOT_FOUND,
    410: CallReason.NUMBER_NOT_FOUND,
    415: CallReason.CODEC_REFUSED,
    433: CallReason.CALLER_REFUSED,
    480: CallReason.CALL_UNAVAILABLE,
    484: CallReason.NUMBER_INCOMPLETE,
    486: CallReason.CALL_BUSY,
    487: CallReason.CALL_UNAVAILABLE,
    488: CallReason.CODEC_REFUSED,
    600: CallReason.CALL_BUSY,
    603: CallReason.CALL_DECLINED,
    604: CallReason.NUMBER_NOT_FOUND,
    606: CallReason.CODEC_REFUSED,
    607: CallReason.CALL_DECLINED,
    608: CallReason.CALL_DECLINED,
}

# What they say is said of the request, the password or the time, and of any request alike.
_OF_THE_REQUEST = frozenset({400, 401, 405, 406, 407, 408, 413, 414, 416, 420, 421, 423, 482, 483, 493, 494})

# Carriers say these by codes of many kinds; what decides is their own words.
_LIMIT = re.compile(
    r"too many (?:\w+ )?calls|call limit|(?:channel|concurrent|simultaneous|capacity|session|cps)s?\b.{0,24}"
    r"(?:limit|exceed|reach|exhaust|full)|(?:limit|max\w*)\b.{0,16}(?:call|channel|session|concurren)",
    re.IGNORECASE,
)
_CALLER = re.compile(
    r"\b(?:caller[- ]?id|caller|cli|calling (?:party|number)|from (?:header|number)|p-asserted|originat\w+ number)\b",
    re.IGNORECASE,
)
_ENCRYPTION = re.compile(r"\bs?rtp/savp|\bsrtp\b|\bencrypt|\bcrypto\b|\bsdes\b", re.IGNORECASE)

_MAY_BE_LIMIT = frozenset({403, 480, 486, 487, 488, 500, 503, 600, 603})
_MAY_BE_CALLER = frozenset({400, 403, 488, 603, 606})
_MAY_BE_ENCRYPTION = frozenset({403, 415, 488, 606})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWords:
    """The last answer to a call: its code, and what stands beside it."""

    status: int
    phrase: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    encrypted: bool = False

    def say(self, pattern: re.Pattern[str]) -> bool:
        """Whether the carrier's own words name something."""
        return any(pattern.search(text) for text in (self.phrase, *self.facts.values()))


def refusal(words: CallWords) -> CallReason | None:
    """Say what a refusal of the call means; None where it says nothing of a call alone.

    The carrier's own words go before its code.
    """
    if words.status < 400:
        return None
    if words.status in _MAY_BE_LIMIT and words.say(_LIMIT):
        return CallReason.CALL_LIMIT_REACHED
    if words.status in _MAY_BE_CALLER and words.say(_CALLER):
        return CallReason.CALLER_REFUSED
    if words.status in _MAY_BE_ENCRYPTION and words.say(_ENCRYPTION):
        return CallReason.ENCRYPTION_REFUSED if words.encrypted else CallReason.ENCRYPTION_REQUIRED
    if words.status in BY_STATUS:
        return BY_STATUS[words.status]
    other = 400 <= words.status < 500 or words.status >= 600
    return CallReason.CALL_UNAVAILABLE if other and words.status not in _OF_THE_REQUEST else None


@dataclass(frozen=True, slots=True)
class CallRuling:
    """What a reason comes to: the outcome, and who has to act."""

    verdict: CallVerdict
    party: Party


CALL_RULINGS: Mapping[CallReason, CallRuling] = {
    CallReason.CALL_ANSWERED: CallRuling(CallVerdict.ANSWERED, Party.NOBODY),
    CallReason.CALL_RANG: CallRuling(CallVerdict.RANG, Party.NOBODY),
    CallReason.CALL_BUSY: CallRuling(CallVerdict.REFUSED, Party.NOBODY),
    CallReason.CALL_DECLINED: CallRuling(CallVerdict.REFUSED, Party.NOBODY),
    CallReason.CALL_UNAVAILABLE: CallRuling(CallVerdict.REFUSED, Party.NOBODY),
    CallReason.CALL_NO_PROGRESS: CallRuling(CallVerdict.INCONCLUSIVE, Party.CARRIER),
    CallReason.CALL_FORBIDDEN: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.CALLER_REFUSED: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.NUMBER_NOT_FOUND: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.NUMBER_INCOMPLETE: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.CODEC_REFUSED: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.ENCRYPTION_REQUIRED: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.ENCRYPTION_REFUSED: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.CALL_LIMIT_REACHED: CallRuling(CallVerdict.REFUSED, Party.CONFIGURATION),
    CallReason.MEDIA_UNUSABLE: CallRuling(CallVerdict.FAILED, Party.CARRIER),
    CallReason.MEDIA_SILENT: CallRuling(CallVerdict.FAILED, Party.CARRIER),
    CallReason.MEDIA_ONE_WAY: CallRuling(CallVerdict.FAILED, Party.CARRIER),
}

_BY_CAUSE: Mapping[CallCause, CallRuling] = {
    CallCause.OUR_NAT: CallRuling(CallVerdict.INCONCLUSIVE, Party.OURS),
    CallCause.OWN_GUARD: CallRuling(CallVerdict.INCONCLUSIVE, Party.CONFIGURATION),
}


def call_ruling(reason: CallReason, cause: CallCause | None = None) -> CallRuling:
    """Look up what a reason comes to; a cause on our side makes it inconclusive."""
    return CALL_RULINGS[reason] if cause is None else _BY_CAUSE[cause]
