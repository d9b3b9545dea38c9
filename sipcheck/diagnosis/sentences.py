"""What a verdict says to a person who runs a trunk and may never have heard of SIP's inner life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter

from sipcheck.diagnosis.texts.by_invite import BY_INVITE
from sipcheck.diagnosis.texts.calls import CALL_TEXTS
from sipcheck.diagnosis.texts.checks import CHECKS
from sipcheck.diagnosis.texts.credentials import CREDENTIALS
from sipcheck.diagnosis.texts.discovery import DISCOVERY
from sipcheck.diagnosis.texts.dns import DNS
from sipcheck.diagnosis.texts.facts import FACTS
from sipcheck.diagnosis.texts.ours import OURS
from sipcheck.diagnosis.texts.own_tool import OWN_TOOL
from sipcheck.diagnosis.texts.sip import SIP
from sipcheck.diagnosis.texts.text import Texts
from sipcheck.diagnosis.texts.tls import TLS
from sipcheck.diagnosis.texts.transport import TRANSPORT
from sipcheck.diagnosis.texts.warnings import WARNINGS
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.phrases.words import PHRASES, fill
from sipcheck.reasons import Cause, Reason

__all__ = ["TEMPLATES", "TEXTS", "Facts", "Sentence", "named", "own_tool_advice", "render", "sentences"]

TEXTS: Texts = {**DNS, **TRANSPORT, **TLS, **SIP, **CREDENTIALS, **OURS}

# What stands where a fact is not known.
THE_REQUEST, NOTHING, OUR_ADDRESS, LATER, IN_MINUTES = map(
    Sentence, ("fact.the-request", "fact.nothing", "fact.our-address", "fact.later", "fact.in-minutes")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the texts may name; each is a value, or a sentence that stands in another."""

    domain: str
    where: str  # the edge that decided, or the domain where no edge was reached
    host: str = ""  # the name that DNS led to, of the edge that decided
    transport: str = "SIP"
    method: Parameter = THE_REQUEST  # of the exchange that is spoken of
    answer: Parameter = NOTHING  # "403 Forbidden"
    username: str = ""
    our_address: Parameter = OUR_ADDRESS
    detail: Parameter = ""
    seconds: str = "10"
    retry: Parameter = ""
    again: Parameter = IN_MINUTES  # or when the wait is over that was asked for
    knocks: str = "0"  # what was counted at this address before the run
    until: Parameter = LATER  # when it may be tried again
    contacts: Parameter = ""  # of a redirection


_BY_INVITE = "by-invite"


def _key(reason: Reason, cause: Cause | None, *part: str) -> str:
    return ".".join(each for each in (reason, cause, *part) if each is not None)


_VERDICTS = {
    _key(reason, cause, *variant, part): template
    for texts, variant in ((TEXTS, ()), (BY_INVITE, (_BY_INVITE,)))
    for (reason, cause), text in texts.items()
    for part, template in (("summary", text.summary), ("advice", text.advice))
}

_CALL_VERDICTS = {
    ".".join(each for each in ("call", reason, cause, part) if each is not None): template
    for (reason, cause), text in CALL_TEXTS.items()
    for part, template in (("summary", text.summary), ("advice", text.advice))
}

TEMPLATES: Mapping[str, str] = {
    **PHRASES,
    **FACTS,
    **_VERDICTS,
    **_CALL_VERDICTS,
    **{f"{reason}.own-tool.advice": template for reason, template in OWN_TOOL.items()},
    **CHECKS,
    **DISCOVERY,
    **WARNINGS,
}


def sentences(reason: Reason, cause: Cause | None, facts: Facts) -> tuple[Sentence, Sentence]:
    """Choose the summary and the advice of a verdict, with the facts that they name."""
    said = cause if (reason, cause) in TEXTS else None
    variant = (_BY_INVITE,) if facts.method == "INVITE" and (reason, cause) in BY_INVITE else ()
    summary, advice = (_key(reason, said, *variant, part) for part in ("summary", "advice"))
    return _sentence(summary, facts), _sentence(advice, facts)


def own_tool_advice(reason: Reason, options: str) -> Sentence:
    """Advise whoever checks his own network; `options` let through what the guard refused for this reason."""
    return Sentence(f"{reason}.own-tool.advice", {"options": options})


def render(sentence: Sentence, templates: Mapping[str, str] = TEMPLATES) -> str:
    """Word a sentence: in English, or in the language of the templates. Raises KeyError for one that they have not."""
    text = fill(sentence, templates)
    return text[:1].upper() + text[1:]


def _sentence(key: str, facts: Facts) -> Sentence:
    return Sentence(key, {name: getattr(facts, name) for name in named(key)})


@cache
def named(key: str) -> Sequence[str]:
    """What a template names."""
    return [name for _, name, _, _ in Formatter().parse(TEMPLATES[key]) if name]
