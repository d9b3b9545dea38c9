"""The facts about calls that come in, written down a second time: one pass over the trunks, as a server makes it.

Source: docs/design/infrastructure.md, "Trunks" and "Inbound calls".
"""

import socket
from dataclasses import dataclass, field

from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.standing import Standing

_PUNCTUATION = set(" -()")
_DIGITS = set("0123456789")


@dataclass
class Taken:
    """`trunk` is the id of the one that takes the call, `rule` that of the rule; `conflict` ends the call."""

    trunk: str | None = None
    rule: str | None = None
    conflict: bool = False
    by_default: bool = False
    seen: list[str] = field(default_factory=list)


def take(call: IncomingCall, standing: Standing) -> Taken:
    taken = Taken()
    defaults = []
    for trunk in standing.trunks:
        callers = [number(each) for each in trunk.allowed_numbers]
        if callers and number(call.caller or "") not in callers:
            continue
        if not let_in(call, list(trunk.allowed_addresses)):
            continue
        if not trunk.numbers:
            defaults.append(trunk.id)
        elif number(call.called) in [number(each) for each in trunk.numbers]:
            taken.seen.append(trunk.id)
    taken.by_default = not taken.seen
    candidates = taken.seen or defaults
    taken.conflict = len(candidates) > 1
    if taken.conflict:
        return taken
    taken.trunk = candidates[0] if candidates else None
    wildcard = None
    for rule in standing.rules:
        if rule.callers and (call.caller or "") not in rule.callers:
            continue
        if rule.numbers and call.called not in rule.numbers:
            continue
        if not rule.trunk_ids:
            wildcard = wildcard or rule.id
        elif taken.trunk in rule.trunk_ids:
            taken.rule = taken.rule or rule.id
    taken.rule = taken.rule or wildcard
    return taken


def number(text: str) -> str:
    body = text[1:] if text.startswith("+") else text
    if not body or not set(body) <= _DIGITS | _PUNCTUATION:
        return text
    return "+" + "".join(sign for sign in body if sign in _DIGITS)


def let_in(call: IncomingCall, entries: list[str]) -> bool:
    left = [each for each in entries if "://" not in each and not set(each) & set("()+*;, \t\n\r")]
    if not left:
        return True
    return any(each == call.from_host or covers(each, call.source_ip) for each in left)


def covers(entry: str, source: str) -> bool:
    address, slash, length = entry.partition("/")
    of_entry, of_source = bits(address), bits(source)
    if of_entry is None or of_source is None or len(of_entry) != len(of_source):
        return False
    if not slash:
        return of_entry == of_source
    if not length or not set(length) <= _DIGITS or length != str(int(length)):
        return False
    if int(length) > len(of_entry):
        return False
    return of_entry[: int(length)] == of_source[: int(length)]


def bits(address: str) -> str | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, address)
        except OSError:
            continue
        return "".join(f"{octet:08b}" for octet in packed)
    return None
