"""Challenges: read what a peer offers, and choose what to answer (RFC 3261 §22, RFC 7616 §3.3, RFC 8760)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sipcheck.auth.digest import Algorithm
from sipcheck.failure import Failure
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Parameter
from sipcheck.reasons import Cause, Reason
from sipcheck.report.printable import PHRASE_LIMIT, one_line

_NAME = r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+"
_PARAMETER = re.compile(
    rf'[ \t\r\n]*({_NAME})[ \t\r\n]*=[ \t\r\n]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))[ \t\r\n]*', re.DOTALL
)
_SCHEME = re.compile(rf"[ \t\r\n,]*({_NAME})(?=[ \t\r\n,]|$)[ \t\r\n,]*")
# A word by itself, in a list that its writer did not quote, or a flag without a value.
_BARE = re.compile(r'([^\s,="]+)(?=[ \t\r\n]*(?:,|$))')
# Schemes that stand by themselves; of others only one with parameters behind it begins another challenge.
_SCHEMES = frozenset(("basic", "bearer", "digest", "kerberos", "negotiate", "ntlm"))
# What nearly every peer sends: one Digest challenge with nothing escaped, of which only the nonce is ever new.
_PLAIN_DIGEST = re.compile(
    r'Digest (?:[A-Za-z]+=(?:"[^"\\]*"|[A-Za-z0-9\-]+), ?)*[A-Za-z]+=(?:"[^"\\]*"|[A-Za-z0-9\-]+)'
)
_PLAIN_NONCE = re.compile(r"[!#-\[\]-~]+")
_SHAPES_KEPT = 1024
_SHAPE_CHARACTERS = 1024
# A quoted-pair of RFC 3261 §25.1.
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SEPARATORS = re.compile(r"[ \t\r\n]*,[ \t\r\n,]*")
_NOT_SENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# Strongest first; RFC 8760 §2.4 allows a local policy. The session forms prove no more than the plain ones.
_STRENGTH = (
    Algorithm.SHA_512_256,
    Algorithm.SHA_512_256_SESS,
    Algorithm.SHA_256,
    Algorithm.SHA_256_SESS,
    Algorithm.MD5,
    Algorithm.MD5_SESS,
)
_ALGORITHMS = {algorithm.lower(): algorithm for algorithm in Algorithm}
_PROTECTIONS = ("auth", "auth-int")


class Challenge(NamedTuple):
    """One usable Digest challenge; `realm`, `nonce` and `opaque` are the raw text between the quotes.

    `proxy` is true for a 407's. `qop` holds the known protections offered, none for the legacy form. A tuple is
    made in a third of a dataclass's time.
    """

    proxy: bool
    realm: str
    nonce: str
    algorithm: Algorithm
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    algorithm_named: bool = True

    @property
    def realm_name(self) -> str:
        """The realm in the one form in which realms are compared, asked for, remembered and shown."""
        return unquoted(self.realm)


# By what stands around its nonce, a challenge as it was read once; None where the rules have to look each time.
_shapes: dict[tuple[str, str, bool], Challenge | None] = {}


@dataclass(frozen=True, slots=True)
class _Offer:
    scheme: str
    parameters: dict[str, str]
    readable: bool


def choose(
    www: Sequence[str], proxy: Sequence[str], *, realms: Sequence[str] = ()
) -> tuple[Challenge, ...] | Failure:
    """Choose the strongest challenge of each kind of field: of each realm that is allowed, or of the first one.

    `www` and `proxy` are the values of WWW-Authenticate and Proxy-Authenticate as they came, a field line each.
    `realms`, when given, are the only ones answered, each as it is without escapes. One kind that cannot be answered
    refuses the whole.
    """
    if len(www) + len(proxy) == 1:
        read = _read_known_shape(www[0], False) if www else _read_known_shape(proxy[0], True)
        if read is not None and (not realms or read.realm in realms):
            return (read,)
    chosen: list[Challenge] = []
    for values, is_proxy in ((www, False), (proxy, True)):
        if not values:
            continue
        choice = choose_of_kind(values, realms, is_proxy=is_proxy)
        if isinstance(choice, Failure):
            return choice
        chosen.extend(choice)
    if not chosen:
        return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.none")
    return tuple(chosen)


def _read_known_shape(value: str, is_proxy: bool) -> Challenge | None:
    """Read a plain challenge that differs from an earlier one by its nonce alone; None leaves it to the rules."""
    start = value.find('nonce="') + 7
    end = value.find('"', start)
    nonce = value[start:end]
    if start < 7 or not _PLAIN_NONCE.fullmatch(nonce):
        return None
    shape = value[:start], value[end:], is_proxy
    like = _shapes[shape] if shape in _shapes else _judge_shape(value, shape)
    if like is None:
        return None
    return Challenge(
        is_proxy, like.realm, nonce, like.algorithm, like.qop, like.opaque, like.stale, like.algorithm_named
    )


def _judge_shape(value: str, shape: tuple[str, str, bool]) -> Challenge | None:
    """Read by the rules what stands around the nonce, and remember it."""
    read = None
    if _PLAIN_DIGEST.fullmatch(value) and value.lower().count("nonce") == 1:
        read = choose_of_kind([value], (), is_proxy=shape[2])
    known = None if read is None or isinstance(read, Failure) else read[0]
    if len(_shapes) >= _SHAPES_KEPT:
        _shapes.clear()
    if sum(map(len, shape[:2])) <= _SHAPE_CHARACTERS:
        _shapes[shape] = known
    return known


def choose_of_kind(
    values: Sequence[str], realms: Sequence[str], *, is_proxy: bool
) -> tuple[Challenge, ...] | Failure:
    """Choose from the fields of one kind: the strongest of each allowed realm, or of the first where all are."""
    usable = read_usable(values, is_proxy=is_proxy)
    if isinstance(usable, Failure):
        return usable
    allowed: dict[str, list[Challenge]] = {}
    for challenge in usable:
        if not realms or challenge.realm_name in realms:
            allowed.setdefault(challenge.realm_name, []).append(challenge)
    if not allowed:
        found = one_line(", ".join(f"'{challenge.realm_name}'" for challenge in usable))
        expected = name_realms(realms, Joint.OR)
        return Failure.of(Reason.REALM_MISMATCH, "challenge.realm", found=found, expected=expected)
    strongest = tuple(map(_strongest, allowed.values()))
    return strongest if realms else strongest[:1]


def _strongest(challenges: Sequence[Challenge]) -> Challenge:
    return min(challenges, key=lambda challenge: _STRENGTH.index(challenge.algorithm))


def read_usable(values: Sequence[str], *, is_proxy: bool) -> list[Challenge] | Failure:
    """Read the challenges of one kind that could be answered; why there is none, where there is none."""
    offers = [offer for value in values for offer in _read_offers(value)]
    digests = [offer for offer in offers if offer.scheme == "digest"]
    if not digests:
        schemes = ", ".join(dict.fromkeys(offer.scheme for offer in offers))
        if not schemes:
            return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.unreadable")
        return Failure.of(Reason.AUTH_SCHEME_UNSUPPORTED, "challenge.schemes", schemes=schemes)
    read = [_read_challenge(offer, is_proxy=is_proxy) for offer in digests]
    usable = [challenge for challenge in read if isinstance(challenge, Challenge)]
    return usable or _worst([refusal for refusal in read if isinstance(refusal, Failure)])


def _worst(refusals: Sequence[Failure]) -> Failure:
    """An algorithm that nobody knows says more than a challenge that cannot be read."""
    unsupported = [each for each in refusals if each.reason is Reason.AUTH_ALGORITHM_UNSUPPORTED]
    return (unsupported or list(refusals))[0]


def _read_challenge(offer: _Offer, *, is_proxy: bool) -> Challenge | Failure:
    parameters = offer.parameters
    named = parameters.get("algorithm", "MD5")
    algorithm = _ALGORITHMS.get(named.lower())
    if algorithm is None:
        return Failure.of(
            Reason.AUTH_ALGORITHM_UNSUPPORTED, "challenge.algorithm", algorithm=repr(named[:40])
        )
    if not offer.readable:
        return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.parameters")
    for name in ("realm", "nonce"):
        if name not in parameters:
            return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.missing", name=name)
    if not parameters["nonce"]:
        return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.no-nonce")
    if _NOT_SENDABLE.search(parameters["realm"] + parameters["nonce"] + parameters.get("opaque", "")):
        return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.control-characters")
    offered = [item.strip().lower() for item in parameters.get("qop", "").split(",") if item.strip()]
    known = tuple([protection for protection in _PROTECTIONS if protection in offered])
    if offered and not known:
        qop = repr(", ".join(offered)[:40])
        return Failure.of(Reason.AUTH_ALGORITHM_UNSUPPORTED, "challenge.qop", Cause.QOP_UNSUPPORTED, qop=qop)
    if algorithm.session and not known:
        # RFC 7616 binds the session to a cnonce, which is sent only beside a qop.
        return Failure.of(Reason.AUTH_CHALLENGE_MALFORMED, "challenge.needs-qop", algorithm=algorithm)
    return Challenge(
        proxy=is_proxy,
        realm=parameters["realm"],
        nonce=parameters["nonce"],
        algorithm=algorithm,
        qop=known,
        opaque=parameters.get("opaque"),
        stale=parameters.get("stale", "").lower() == "true",
        algorithm_named="algorithm" in parameters,
    )


def _read_offers(value: str) -> list[_Offer]:
    """Split one field value into its challenges; several may stand in one line (RFC 7235 §4.1)."""
    offers = []
    position = 0
    while (scheme := _SCHEME.match(value, position)) is not None:
        parameters, position, readable = read_parameters(value, scheme.end())
        offers.append(_Offer(scheme[1].lower(), parameters, readable))
        if not readable:
            break
    return offers


def read_parameters(value: str, position: int = 0) -> tuple[dict[str, str], int, bool]:
    """Read name=value pairs up to the next scheme: (parameters, where it stopped, whether it could be read).

    Names are in lower case, values the raw text between their quotes. The first of two equal names counts. A bare word
    behind a parameter is passed over, or belongs to an unquoted list of `qop`: `qop=auth,auth-int`.
    """
    parameters: dict[str, str] = {}
    name, end = "", len(value)
    while position < end:
        match = _PARAMETER.match(value, position)
        if match is not None:
            name = match[1].lower()
            parameters.setdefault(name, match[3] if match[2] is None else match[2])
        else:
            match = _BARE.match(value, position) if parameters else None
            if match is None or match[1].lower() in _SCHEMES:
                # Only another challenge may follow here.
                return parameters, position, _SCHEME.match(value, position) is not None
            if name == "qop":
                parameters[name] += f",{match[1]}"
        position = match.end()
        separator = _SEPARATORS.match(value, position)
        if separator is None:
            return parameters, position, position == end
        position = separator.end()
    return parameters, position, True


def name_realms(realms: Iterable[str], joint: Joint) -> Parameter:
    """Name realms in quotes, each once."""
    named = list(dict.fromkeys(realms))
    if not named:
        return ""
    limit = PHRASE_LIMIT // min(len(named), 4)
    return listed([one_line(f"'{realm}'", limit) for realm in named], joint)


def unquoted(text: str) -> str:
    """Undo the escapes of a quoted string's inside (RFC 3261 §25.1, quoted-pair)."""
    return _QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text
