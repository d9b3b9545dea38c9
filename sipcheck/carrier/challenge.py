"""How a practice carrier asks for a password (RFC 3261 §22, RFC 7616 §3.3, RFC 8760)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sipcheck.auth.digest import Algorithm
from sipcheck.carrier.answer import CarrierAnswer
from sipcheck.carrier.faults import Fault

_UNKNOWN_ALGORITHM = "SHA3-512"


@dataclass(frozen=True, slots=True)
class ChallengeForm:
    """What a challenge looks like; `algorithms` are offered in a field line each, in this order."""

    realm: str
    algorithms: tuple[str, ...] = (Algorithm.MD5,)
    qop: str | None = "auth"
    proxy: bool = False
    basic: bool = False
    unclosed: bool = False

    @property
    def answer_name(self) -> str:
        """The header that carries the client's answer."""
        return "Proxy-Authorization" if self.proxy else "Authorization"

    def answer(self, nonce: str, *, stale: bool = False) -> CarrierAnswer:
        """Ask for a password."""
        values = [f'Basic realm="{self.realm}"'] if self.basic else []
        values += [self._digest(algorithm, nonce, stale=stale) for algorithm in self.algorithms]
        name = "Proxy-Authenticate" if self.proxy else "WWW-Authenticate"
        status, phrase = (407, "Proxy Authentication Required") if self.proxy else (401, "Unauthorized")
        return CarrierAnswer(status, phrase, tuple((name, value) for value in values))

    def _digest(self, algorithm: str, nonce: str, *, stale: bool) -> str:
        closing = "" if self.unclosed else '"'
        parameters = [f'realm="{self.realm}"', f'nonce="{nonce}{closing}', f"algorithm={algorithm}"]
        if self.qop is not None:
            parameters.append(f'qop="{self.qop}"')
        if stale:
            parameters.append("stale=true")
        return f"Digest {', '.join(parameters)}"


_CHANGES: Mapping[Fault, Mapping[str, Any]] = {
    Fault.SHA256: {"algorithms": (Algorithm.SHA_256,)},
    Fault.SHA512_256: {"algorithms": (Algorithm.SHA_512_256,)},
    Fault.MD5_SESS: {"algorithms": (Algorithm.MD5_SESS,)},
    Fault.NO_QOP: {"qop": None},
    Fault.AUTH_INT: {"qop": "auth-int"},
    Fault.PROXY_AUTH: {"proxy": True},
    Fault.SEVERAL_CHALLENGES: {
        "basic": True,
        "algorithms": (_UNKNOWN_ALGORITHM, Algorithm.SHA_256, Algorithm.MD5),
    },
    Fault.BASIC_AUTH: {"basic": True, "algorithms": ()},
    Fault.UNKNOWN_ALGORITHM: {"algorithms": (_UNKNOWN_ALGORITHM,)},
    Fault.MALFORMED_CHALLENGE: {"unclosed": True},
    Fault.OTHER_REALM: {"realm": "other-carrier.example"},
}


def challenge_form(realm: str, faults: Collection[Fault]) -> ChallengeForm:
    """Form the challenge that these faults make of the usual one; of two that contradict, the later counts."""
    form = ChallengeForm(realm)
    for fault, changes in _CHANGES.items():
        if fault in faults:
            form = replace(form, **changes)
    return form
