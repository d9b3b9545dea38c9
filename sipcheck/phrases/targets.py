"""What is said of what was written and cannot be used: targets, and what stands beside one."""

from collections.abc import Mapping

_EMPTY = "is empty; give a domain, a host name or an IP address"
_LONG = "{subject} is {count} characters long; at most {most} can be meant"
_UNUSABLE = "{subject} cannot be used: {fault}"
_ONCE = "; give it once"

TARGETS: Mapping[str, str] = {
    "target.empty": "the target " + _EMPTY,
    "target.long": "the target " + _LONG,
    "target.unusable": "the target " + _UNUSABLE,
    "outbound-proxy.empty": "the outbound proxy " + _EMPTY,
    "outbound-proxy.long": "the outbound proxy " + _LONG,
    "outbound-proxy.unusable": "the outbound proxy " + _UNUSABLE,
    "address.empty": "the address " + _EMPTY,
    "address.long": "the address " + _LONG,
    "address.unusable": "the address " + _UNUSABLE,
    "target.port": "the port {port} cannot be used: a port is a number from 1 to 65535",
    "target.two-ports": "the target {subject} has port {written}, and port {given} is given beside it"
    + _ONCE,
    "target.two-transports": (
        "the target {subject} has transport {written}, and transport {given} is given beside it" + _ONCE
    ),
    "target.secure-and-transport": (
        "the target {subject} means TLS, and transport {given} is given beside it" + _ONCE
    ),
    # Why it cannot be used.
    "target.user": "it has a user part before the @; give the host alone, and the user as username",
    "target.scheme": "{scheme}: is not a SIP address; write carrier.example or sip:carrier.example",
    "target.parameters": (
        "parameters belong to a URI; write it in full, such as sip:carrier.example;transport=tcp"
    ),
    "target.slashes": "a SIP URI has no slashes; write sip:carrier.example",
    "target.headers": "headers after ? say nothing about a server; end the URI before the ?",
    "target.maddr": "maddr sends elsewhere than the host; give that address as outbound proxy",
    "target.transports": "it names the transports {transports}; name one",
    "target.transport": "the transport {transport} is not spoken here; use udp, tcp or tls",
    "target.secure-udp": "sips: needs TLS and udp has none; write sip: for udp, or leave the transport out",
    "target.space": "it holds a space or a control character; remove it",
    "target.bracket": ("the ] after the IPv6 address is missing; write [2001:db8::1] or [2001:db8::1]:5060"),
    "target.behind-bracket": "after the ] only a port may stand; write [2001:db8::1]:5060",
    "target.no-port": "nothing stands where the port should; a port is a number from 1 to 65535",
    "target.port-number": "{port} stands where the port should; a port is a number from 1 to 65535",
    "host.empty": "the host " + _EMPTY,
    "host.ipv6-zone": "an IPv6 zone id names an interface of one machine; give a global address without it",
    "host.no-ipv6": "what is written is no IPv6 address; one looks like [2001:db8::1]",
    "host.no-ipv4": (
        "a host that ends in a number must be an IPv4 address; write four decimal numbers from 0 to 255, "
        "such as 192.0.2.1"
    ),
    "host.characters": (
        "the name holds characters that no domain name may hold (IDNA 2008); write it in plain letters, or in its "
        "xn-- form"
    ),
    "host.long": "the name is {count} characters long; a domain name has at most {most}",
    "host.service": "this is the name of an SRV record; give the domain after it, {domain}",
    "host.dots": "two dots stand together, or one stands first; put one dot between two labels",
    "host.long-label": "the part between two dots is {count} characters long; it has at most {most}",
    "host.label": "{label} is no part of a host name; use letters, digits and inner hyphens",
}
