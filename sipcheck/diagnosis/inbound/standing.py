"""What stands on the voice infrastructure for calls that come in: trunks and dispatch rules, as it keeps them."""

from dataclasses import dataclass

from sipcheck.diagnosis.inbound.numbers import are_equal


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrunk:
    """An empty list is no condition. `asks_password`: whoever calls in by it is challenged."""

    id: str
    numbers: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    allowed_numbers: tuple[str, ...] = ()
    asks_password: bool = False

    def has(self, called: str) -> bool:
        return any(are_equal(called, number) for number in self.numbers)

    def takes_caller(self, caller: str | None) -> bool:
        return not self.allowed_numbers or any(
            are_equal(caller or "", number) for number in self.allowed_numbers
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRule:
    """Without trunks it is for all calls, those of no trunk too; numbers and callers are compared as text."""

    id: str
    trunk_ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()

    def takes(self, called: str, caller: str | None) -> bool:
        if self.numbers and called not in self.numbers:
            return False
        return not self.callers or (caller or "") in self.callers


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that decides about a call."""

    trunks: tuple[InboundTrunk, ...] = ()
    rules: tuple[DispatchRule, ...] = ()
