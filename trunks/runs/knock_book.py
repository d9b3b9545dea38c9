"""Which limit an address has: the setting's, or that of an operator's name which leads to it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from trunks.repositories.knocks import Knocks
from trunks.rules.knock_limits import SHIPPED, KnockLimits, KnockRules

# How long it is believed how many environments have a proven account at an address.
_COUNTED_FOR = timedelta(minutes=5)
_MOST_COUNTED = 1000


class KnockBook:
    """For one process; what names lead to is told by whoever resolves them."""

    def __init__(self, rules: KnockRules) -> None:
        self.rules = rules
        self._led: Mapping[str, KnockLimits | None] = {}
        self._exempt: frozenset[str] = frozenset()
        self._grown: dict[str, tuple[datetime, KnockLimits]] = {}

    @property
    def off(self) -> bool:
        """Whether nothing is limited anywhere."""
        return self.rules.of_all is None and not any(self.rules.of_names.values())

    def exempt(self, addresses: Collection[str]) -> None:
        """Limit these addresses in nothing, as the practice carrier's."""
        self._exempt = frozenset(addresses)

    def lead(self, addresses: Mapping[str, Collection[str]]) -> None:
        """Take to which addresses each of the names leads now; of several names the stricter one counts."""
        led: dict[str, KnockLimits | None] = {}
        for name, limits in self.rules.of_names.items():
            for address in addresses.get(name, ()):
                known = led.get(address)
                led[address] = _stricter(known, limits) if address in led else limits
        self._led = led

    def limits(self, address: str) -> KnockLimits | None:
        """The limits of an address before they grow; None for no limit."""
        if address in self._exempt:
            return None
        return self._led.get(address, self.rules.of_all)

    def grown(self, rows: Knocks, address: str, now: datetime) -> KnockLimits | None:
        """The same with what is proven there, which the store is asked for: for whoever would else be held back."""
        limits = self.limits(address)
        if limits != SHIPPED:
            return limits
        counted_at, grown = self._grown.get(address, (None, limits))
        if counted_at is None or not counted_at <= now < counted_at + _COUNTED_FOR:
            if len(self._grown) >= _MOST_COUNTED:
                self._grown.clear()
            grown = SHIPPED.grown(rows.proven_environments(address))
            self._grown[address] = (now, grown)
        return grown


def _stricter(one: KnockLimits | None, other: KnockLimits | None) -> KnockLimits | None:
    known = [each for each in (one, other) if each is not None]
    return min(known, key=lambda each: each.day, default=None)
