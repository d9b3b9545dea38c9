"""What the checks of a report say was seen, by key."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "check.target": "{target}",
    "check.target.by": "{target} by {transport}",
    "check.target.through": "{target} through {proxy}",
    "check.target.by-through": "{target} by {transport} through {proxy}",
    "check.dns.not-asked": "an address was given, so DNS is not asked",
    "check.dns.one": "1 address found",
    "check.dns.several": "{count} addresses found",
    "check.address": "{count} judged, none forbidden",
    "check.transport": "{edge}",
    "check.transport.by-tcp": "{method} went by TCP, being over {bytes} bytes",
    "check.transport.both-by-tcp": "{method} and {other} went by TCP, being over {bytes} bytes",
    # What follows it is of that edge.
    "check.transport.other-edge": "{edge}:",
    "check.tls": "{version}, certificate of {subject}",
    "check.tls.not-used": "not used over {transport}",
    "check.exchange": "{method}: {answer}",
    "check.exchange.from": "{method}: {answer} from {source}",
    "check.exchange.failed": "{method}: {detail}",
    "check.exchange.unanswered": "{method}: no answer",
    "check.failed": "{detail}",
}
