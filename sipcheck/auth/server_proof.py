"""The proof that a server gives in its turn: rspauth in Authentication-Info (RFC 7616 §3.5, RFC 8760 §2.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sipcheck.auth.authorization import read_authorization
from sipcheck.auth.challenge import read_parameters, unquoted
from sipcheck.auth.digest import Algorithm, digest

_PROTECTIONS = (None, "auth", "auth-int")
_MOST_READ = 8  # the peer decides how many there are


@dataclass(frozen=True, slots=True)
class SentCredentials:
    """The header fields by which challenges were answered, and the password that a server has to know as well."""

    fields: Sequence[tuple[str, str]] = field(repr=False)
    password: str = field(repr=False)

    def disproved_by(self, infos: Sequence[str], proxy_infos: Sequence[str], body: bytes) -> bool:
        """Tell whether an rspauth fits nothing that was sent; what has none, or is not readable, disproves nothing.

        `infos` and `proxy_infos` are the values of Authentication-Info and Proxy-Authentication-Info, a field line
        each, of an answer with this body.
        """
        read = [("Authorization", value) for value in infos[:_MOST_READ]]
        read += [("Proxy-Authorization", value) for value in proxy_infos[:_MOST_READ]]
        return any(self._disproved(name, value, body) for name, value in read)

    def _disproved(self, name: str, info: str, body: bytes) -> bool:
        given, _, readable = read_parameters(info)
        rspauth = given.get("rspauth", "").lower()
        if not readable or not rspauth:
            return False
        sent = [read_authorization(value) for of, value in self.fields if of == name]
        protections = [given.get("qop", answered.get("qop")) for answered in sent]
        if not sent or any(each not in _PROTECTIONS for each in protections):
            return False
        # Which of several realms it speaks of, it does not say.
        return all(
            rspauth != self._expected(answered, qop, body)
            for answered, qop in zip(sent, protections, strict=True)
        )

    def _expected(self, answered: dict[str, str], qop: str | None, body: bytes) -> str:
        """As the answer to a challenge, with no method in A2, and the body of the response."""
        return digest(
            Algorithm(answered.get("algorithm", Algorithm.MD5)),
            unquoted(answered["username"]),
            answered["realm"],
            self.password,
            answered["nonce"],
            "",
            answered["uri"],
            qop,
            answered.get("cnonce", ""),
            answered.get("nc", ""),
            body,
        )
