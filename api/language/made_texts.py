"""Sentences that the domain makes in English and keeps or tells as text: known here by their forms, and so said in
another language, each value in its place.

tests/api/language/test_made_texts.py reads the domain's sources and names each form that is missing.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from string import Formatter

from api.language.catalogs import in_language, templates
from api.language.languages import Language, current_language
from sipcheck.diagnosis.sentences import TEMPLATES

_WAYS = (
    "Every address that a call to the trunk's address may go to was proven to answer.",
    "Calls leave through the platform's fixed address; what comes behind it is not checked.",
    "Calls of this platform cannot be led to an outbound proxy; ask whoever runs it.",
    "{host} leads to an address or a port that no call may go to; mend its DNS records.",
    "DNS did not say where {domain} leads when the trunk was set up, so no call goes there yet; verify the trunk.",
    "No address of the trunk has been proven to answer yet; verify the trunk.",
    "No address of the outbound proxy {proxy} has been proven to answer yet; verify the trunk.",
    "No verification found the trunk to answer as it is configured now; mend what the last one says, or verify it.",
    "Calls go to {edge}, which was verified.",
    "Calls go to {host}, by which name the server that was verified takes them too.",
    "Calls are led to the outbound proxy at {edge}.",
    "{domain} has an IPv6 address alone, which calls reach only where the platform's calls go over IPv6 too; if they "
    "do not arrive, ask the carrier for one of IPv4.",
    "Where calls to the trunk's address go has not been compared with what was verified.",
    "port {port} over {transport}",
    "Calls go to {shown}, {at}, which did not answer; {remedy}.",
    "did not answer",
    "was not verified",
    "shows a certificate without {domain} as subject alternative name",
    "Calls may go to {shown}, {at}, which {fault}; {remedy}.",
    "the outbound proxy {proxy}",
    "the trunk",
    "What answers for {named} has an IPv6 address alone, and calls go over IPv4; ask the carrier for one.",
    "The certificate of {named} names neither its address nor a host of which every address was proven; give the name "
    "that it is made for.",
    "mend its DNS records",
    "{domain} has an address of its own that no call may go to; {mend}.",
    "{domain} has SRV records and no address of its own, which calls cannot follow",
    "{unfollowed}; verify the trunk, and calls are led to the server that answers.",
    "{unfollowed}; {remedy}.",
    "{unfollowed}, and {refused}; ask the carrier for an address of {domain} itself.",
    "{unfollowed}; name the carrier's server itself, such as the target of its SRV record.",
    "No address of {named} has been proven to answer yet; verify the trunk.",
    "No way to {edge} was proven in the form that calls have; {remedy}.",
    "its server answers otherwise when another name than {domain} is called ({said}){to_route}",
    " ({said} to a Route)",
    "verify the trunk",
    "ask the carrier for a certificate of {edge} that names {host}, or for an address of {domain} itself that leads "
    "there",
    "name {host}, port {port}, transport {transport} in the trunk, which was verified",
    "The carrier rejected the password, so calls do not send it; enter the right one, or verify the trunk once the "
    "carrier takes it.",
    "It has no outbound side on the voice infrastructure; its events say why.",
    "Its outbound side is being made on the voice infrastructure.",
    "Its outbound side stands otherwise than is wanted; its events say why.",
    "Its outbound side was made before ways of calls were looked for, and stands as it was made.",
    "Its outbound side stands as it was before, and is not written anew yet.",
    "{fault}, and no call may go there; give the carrier's public address or name.",
)
_INCIDENTS = (
    "{domains} has not answered our checks since {since}{why}.",
    "{domains} have not answered our checks since {since}{why}.",
    "{domains} asks for passwords in the name of another realm since {since}{why}.",
    "A trunk at {domains} that was verified failed its verification at {since}{why}.",
    "{names} and {more} more",
    "{most} and {last}",
    "At the first failure DNS named {new}, and no longer {was}{before}.",
    "At the first failure DNS no longer named {gone}{before}",
    "{said}, but only {left}.",
    "DNS led to {was}{once}, and to {new} at the first failure.",
    "DNS led to {was}{once}",
    "{led}, and nowhere at the first failure ({reason}).",
    "{led}, and to what may not be asked at the first failure ({reason}).",
    "A certificate of the carrier ended at {ended}.",
    "until {moment}",
    "The certificate was replaced: it is valid {new}, the one{once} was {was}",
    "an intermediate certificate is missing between its issuer, {issuer}, and the authorities we trust",
    "The certificate is the same, but {missing}.",
    "{renewed}, and {missing}.",
    "{renewed}; it is issued by {issuer}, that one was by {other}",
    "{renewed}. It was refused ({reason}).",
    "The realm was {was}, and is {new}.",
    "What answers calls itself {new}, and called itself {was} before.",
    "All {count} edges have been silent since {since}",
    "The edge has been silent since {since}",
    "the round trip had risen from about {usual} ms (median of the day before) to {last} ms",
    "{since}; {risen} at the last answer.",
    " at {moment}",
    " before",
    ", as it did at {moment}",
)
_REFUSALS = (
    "This plan does not include custom SIP trunks.",
    "The trunk has to be verified before it can be active.",
    "SIP trunk not found.",
    "There is such a trunk already.",
    "It is being created at this moment by another request; ask again in a moment.",
    "It is being changed at this moment by another request; ask again in a moment.",
    "There is a trunk of this name already.",
    "The trunk still has phone numbers; remove them first.",
    "Phone number not found.",
    "This number is none of your trunks' in this environment.",
    "This number is already registered in your environment.",
    "The number {number} is already registered in your environment.",
    "This number is in use by another trunk of this platform",
    "Your environment may have {most} phone numbers at most; remove one first.",
    "A number of the trunk is still assigned; take the assignment away first.",
    "The number {number} is still assigned; take the assignment away first.",
    "Test call not found.",
    "Your environment may make no test calls; whoever runs this service allows them.",
    "A test call over this trunk is under way; wait for its end.",
    "This number may not be called for a test.",
    "The caller is no number of this trunk.",
    "Your environment may call no country: it has no phone number, and none was named for it. Add a number of the "
    "trunk's, or have whoever runs this service name countries.",
    "{given} is no number of this trunk; add it to the trunk, or leave from out to call as its first number or as its "
    "user.",
    "Your environment has made ten test calls in a quarter of an hour",
    "This number was called often enough for tests (3 times an hour, 10 times a day)",
    "{sentence}; the next may be made in {seconds} s.",
    "Verification not found.",
    "This verification keeps no messages: it has not ended yet, or a former version recorded it.",
    "This platform makes no links: whoever runs it has not said under which address it is reached.",
    "There is no such link: it expired, was taken back, or never was.",
    "A verification may have {most} links at once; take one back first.",
    "Webhook endpoint not found.",
    "Incident not found.",
    "No trunk leads there.",
    "Delivery not found.",
    "This webhook endpoint is disabled; enable it first.",
    "Your environment may have {most} webhook endpoints at most; remove one first.",
    "sdes needs TLS as transport: the keys would be sent in the clear.",
    "These codecs leave none that calls can use; allow one of {codecs}.",
    "Without a username nobody could call in; give one, or let calls in by their addresses.",
    "A password without a username is asked for by nobody; give both.",
    "Without a password anybody could call in; give one, or let calls in by their addresses.",
    "A username without a password proves nothing; give both.",
    "{place} would be a gateway of the trunk twice, and stand in for itself when it fails; give another host or port.",
    "Calls cannot go by the outbound proxy {proxy} (talkover's outbound_proxy) and leave through the platform's fixed "
    "address (autocalls' outbound_proxy) both; take one of them away.",
    "Nothing would look at the allow-list ({address}): calls are let in by user and password; leave it out, or let "
    "calls in by their addresses.",
)
_PROBLEMS = (
    "This token is read-only: it shows what there is, and changes, verifies and calls nothing. Use one that was made "
    "without --read-only.",
    "This token is the operator's: it opens the operator's pages alone, and has no trunks. Use one of an environment: "
    "trunkd token create --environment NAME.",
    "This page is for whoever runs the service: sign in with a token of trunkd token create --operator.",
    "The database does not answer; try again in a few seconds.",
    "Somebody else writes to what this request is about, and has not ended; nothing was changed. Try again in a few "
    "seconds.",
    "The disk of this service is full: nothing was changed, and nothing can be until there is room again. Reading goes "
    "on; whoever runs the service sees the same from trunkd doctor.",
    "Something went wrong on our side; it has been logged.",
    "There is nothing at this address.",
    "This address does not take that method.",
    "The body is larger than 1 MiB.",
    "The form cannot be read; load the page again.",
    "The form is not whole; load the page again.",
    "This form is not of your session, which may have ended meanwhile; nothing was done. Go back, load the page again, "
    "and send the form once more.",
    "From your address somebody has signed in {count} times within a minute, or tried to; try again in {seconds} s.",
    "This token has made its {limit} requests of this minute; try again in {seconds} s.",
)
_FIELDS = (
    "It is required.",
    "It must {must}.",
    "be text",
    "be a whole number",
    "be a number of fewer digits",
    "be one of: {values}",
    "be at least {least}",
    "be at most {most}",
    "have at least {count} characters",
    "have at least 1 character",
    "have at most {count} characters",
    "be true or false",
)
# The engine's own words on hosts, which the domain puts into its sentences.
_OF_ENGINE = ("host.", "guard.", "address.", "target.")

# A sentence, its clauses, and what those name.
_DEEPEST = 4

MADE_TEXTS = (*_WAYS, *_INCIDENTS, *_REFUSALS, *_PROBLEMS, *_FIELDS)


def said(english: str) -> str:
    """Say a sentence of the domain's in the language of this answer; one of no known form stays as it is."""
    language = current_language()
    return english if language is Language.ENGLISH else _said(english, language, _DEEPEST)


@lru_cache(maxsize=4096)
def _said(english: str, language: Language, depth: int) -> str:
    """`depth` is how many forms may stand in one another: a peer's words may look like any number of them."""
    exact = in_language(english, language)
    if exact != english or not depth:
        return exact
    for form, template in _forms(language):
        found = form.fullmatch(english)
        # What is no sentence stands in one.
        if found is not None and (depth < _DEEPEST or template.endswith(".")):
            return template.format(
                **{name: _said(value, language, depth - 1) for name, value in found.groupdict().items()}
            )
    return english


@cache
def _forms(language: Language) -> Sequence[tuple[re.Pattern[str], str]]:
    """Forms with their templates in this language, those first that say the most themselves."""
    of_engine = {key: each for key, each in TEMPLATES.items() if key.startswith(_OF_ENGINE)}
    forms = [(each, in_language(each, language)) for each in MADE_TEXTS]
    forms += [(each, templates(language)[key]) for key, each in of_engine.items()]
    with_values = [(english, said) for english, said in forms if "{" in english and "{" in said]
    with_values.sort(key=lambda each: -len(_words(each[0])))
    return [(re.compile("".join(_pattern(english)), re.DOTALL), said) for english, said in with_values]


def _words(form: str) -> str:
    return "".join(text for text, *_ in Formatter().parse(form))


def _pattern(form: str) -> Iterator[str]:
    for text, name, *_ in Formatter().parse(form):
        yield re.escape(text)
        if name is not None:
            yield rf"(?P<{name}>.*?)"
