"""The value of From, To, Contact and Route (RFC 3261 §20.10)."""

from dataclasses import dataclass

from sipcheck.errors import Unreadable
from sipcheck.message.grammar import WHITESPACE, read_quoted, require_closed
from sipcheck.message.parameters import NO_PARAMETERS, Parameters


@dataclass(frozen=True, slots=True)
class NameAddr:
    """`display_name` is the raw text between the quotes, or the words as written; `uri` is text."""

    display_name: str
    uri: str
    params: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read `"name" <uri>;params` or `uri;params`. Raises Unreadable.

        An unquoted display name may hold any text (RFC 4475 §3.1.2.15). Without angle brackets every
        parameter is the header's, none the URI's (RFC 3261 §20.10).
        """
        display_name, rest = "", text
        if text.startswith('"'):
            display_name, rest = read_quoted(text)
        before, bracket, after = rest.partition("<")
        if not bracket:
            if rest is not text:
                raise Unreadable("message.fault.bare-name")
            uri, _, params = text.partition(";")
        else:
            uri, bracket, params = after.partition(">")
            display_name = display_name or before.strip(WHITESPACE)
            params = params.strip(WHITESPACE)
            if not bracket or params[:1] not in ("", ";"):
                raise Unreadable("message.fault.angle-bracket")
        uri = uri.strip(WHITESPACE)
        if not uri:
            raise Unreadable("message.fault.no-uri")
        require_closed(params)
        return cls(display_name, uri, Parameters.parse(params))

    @property
    def tag(self) -> str | None:
        """One side of the dialog (§19.3); null from an RFC 2543 peer."""
        return self.params.get("tag")

    def __str__(self) -> str:
        name = f'"{self.display_name}" ' if self.display_name else ""
        return f"{name}<{self.uri}>{self.params}"
