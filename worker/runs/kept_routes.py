"""Routes of runs that were put off: whoever comes again within a minute does not ask the resolver again."""

from sipcheck.dns.route import Route
from sipcheck.target import Target

KEPT_SECONDS = 60.0
_MOST_KEPT = 1000


class KeptRoutes:
    """By target; times are the event loop's."""

    def __init__(self) -> None:
        self._kept: dict[Target, tuple[float, Route]] = {}

    def keep(self, target: Target, route: Route, now: float) -> None:
        """Keep a route that was found now, unless it leads nowhere; of too many the oldest go."""
        if route.failure is not None:
            return
        self._kept.pop(target, None)
        self._kept[target] = now, route
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def find(self, target: Target, now: float) -> Route | None:
        """Give the route that was found within a minute."""
        found_at, route = self._kept.get(target, (now, None))
        if now - found_at < KEPT_SECONDS:
            return route
        del self._kept[target]
        return None
