"""Whom an allow-list lets in, as the voice infrastructure reads it.

An entry also counts where it equals the From header's host as text: whoever writes an address of the list there is let
in, from anywhere (docs/design/infrastructure.md, "Inbound calls").
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network

# Entries with one of these are dropped, as if they were not there.
_DROPPED = re.compile(r"[()+*;, \t\n\r]|://")
_PREFIX_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")


class Admission(StrEnum):
    EVERYONE = "everyone"  # there is no list, or none of its entries counts
    BY_ADDRESS = "by-address"
    BY_FROM_HOST = "by-from-host"
    NO = "no"


def admitted(source_ip: str, from_host: str | None, entries: Sequence[str]) -> Admission:
    """Judge a caller by the address that it comes from, and by the host that it writes into From."""
    counting = [entry for entry in entries if not _DROPPED.search(entry)]
    if not counting:
        return Admission.EVERYONE
    if any(_covers(entry, source_ip) for entry in counting):
        return Admission.BY_ADDRESS
    return Admission.BY_FROM_HOST if from_host in counting else Admission.NO


def _covers(entry: str, source_ip: str) -> bool:
    source = ip_address(source_ip)
    address, slash, length = entry.partition("/")
    try:
        if not slash:
            return ip_address(entry) == source
        if not _PREFIX_LENGTH.fullmatch(length) or "%" in address:
            return False
        network = ip_network(entry, strict=False)
    except ValueError:
        return False
    return source.version == network.version and source in network
