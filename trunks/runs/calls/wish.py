"""A test call as somebody wishes it, judged already as far as it stands alone."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from sipcheck.verification.calling.numbers import NumberFormat
from sipcheck.verification.calling.options import DEFAULT_RING_SECONDS, DEFAULT_TALK_SECONDS, CallIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWish:
    """A form or an identity None tries each; with `apply` those that were taken become the trunk's."""

    called: str
    caller: str | None = None
    format: NumberFormat | None = NumberFormat.PLUS_E164
    identity: CallIdentity | None = CallIdentity.NUMBER
    ring_seconds: float = DEFAULT_RING_SECONDS
    talk_seconds: float = DEFAULT_TALK_SECONDS
    apply: bool = False

    def kept(self) -> dict[str, Any]:
        """Give what the row of the call keeps beside its numbers."""
        return {name: value for name, value in asdict(self).items() if name not in ("called", "caller")}

    @classmethod
    def of(cls, called: str, caller: str | None, kept: dict[str, Any]) -> Self:
        """Read it back."""
        form, identity = kept["format"], kept["identity"]
        return cls(
            called=called,
            caller=caller,
            **{
                **kept,
                "format": None if form is None else NumberFormat(form),
                "identity": None if identity is None else CallIdentity(identity),
            },
        )
