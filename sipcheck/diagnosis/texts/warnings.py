"""What is said of things worth knowing, by key (docs/reasons/warnings.md)."""

from collections.abc import Mapping

_DOWN = "this address is of no use while others are: "
_OPTIONS_FAILED = "OPTIONS was answered with {answer}"
_REGISTER_FAILED = "REGISTER was answered with {answer}"
_REGISTER_REFUSED = "REGISTER was refused with {answer}"
_WAIT = ", and a wait of {seconds} seconds is asked for"
_CALLS = "the voice infrastructure would send calls to "
_FIRST = "the voice infrastructure answers the first challenge alone, and "
_REFUSES = "the voice infrastructure refuses this certificate: "
_TOOK = ": the answer took {seconds} s"

WARNINGS: Mapping[str, str] = {
    "warning.edge-down.failed": _DOWN + "{detail}",
    "warning.edge-down.answered": _DOWN + "{method} was answered with {answer}",
    "warning.edge-down.gateway": "the gateway {gateway} does not answer while {other} does: {reason}",
    "warning.edges-unprobed": "DNS leads to {count} addresses, of which the first {probed} were probed",
    "warning.options-failed": _OPTIONS_FAILED,
    "warning.options-failed.wait": _OPTIONS_FAILED + _WAIT,
    "warning.options-ignored": "OPTIONS stayed unanswered while REGISTER was answered",
    "warning.options-ignored.given-up": "OPTIONS had {detail}, while REGISTER was answered",
    "warning.options-ignored.failed": (
        "OPTIONS brought no answer that can be used ({detail}) while REGISTER was answered"
    ),
    "warning.options-ignored.by-invite": "OPTIONS stayed unanswered while INVITE was answered",
    "warning.options-ignored.given-up.by-invite": "OPTIONS had {detail}, while INVITE was answered",
    "warning.options-ignored.failed.by-invite": (
        "OPTIONS brought no answer that can be used ({detail}) while INVITE was answered"
    ),
    "warning.call-was-answered": "{number} took the call, and was hung up at once",
    "warning.call-unchallenged": (
        "a call was let through ({answer}) and no password was asked for, so whoever calls from this address "
        "can call there"
    ),
    "warning.infrastructure-form-refused": (
        "a call as the voice infrastructure writes it was refused ({answer}), and a plain one was not: {form} beside "
        "{plain}"
    ),
    "warning.register-ignored": "REGISTER stayed unanswered while OPTIONS was answered",
    "warning.register-ignored.given-up": "REGISTER had {detail}, while OPTIONS was answered",
    "warning.register-ignored.failed": (
        "REGISTER brought no answer that can be used ({detail}) while OPTIONS was answered"
    ),
    "warning.register-refused": _REGISTER_REFUSED,
    "warning.register-refused.wait": _REGISTER_REFUSED + _WAIT,
    "warning.register-refused.failed": _REGISTER_FAILED,
    "warning.register-refused.failed.wait": _REGISTER_FAILED + _WAIT,
    "warning.nat-rewrite": "the carrier sees us as {received}, not as {local}",
    "warning.response-source-differs": "the answer came from {source}; some firewalls drop such answers",
    "warning.reply-defects": "the answer is not quite SIP: {defects}",
    "warning.retransmitted.once": "{method} was sent again once",
    "warning.retransmitted.once.slow": "{method} was sent again once" + _TOOK,
    "warning.retransmitted.times": "{method} was sent again {count} times",
    "warning.retransmitted.times.slow": "{method} was sent again {count} times" + _TOOK,
    # Behind one of these four.
    "warning.retransmitted.each-answered": (
        "each sending was answered, so the carrier is slow, and nothing was lost"
    ),
    "warning.retransmitted.provisional": (
        "a {status} came before it, so the carrier had the request and is slow"
    ),
    "warning.rspauth-wrong": (
        "{method} was answered with {answer}, and with an rspauth that does not fit the password: what answers accepts "
        "it, and does not show that it knows it"
    ),
    "warning.certificate-expires-soon": "the certificate expires in {days} days, on {date}",
    "warning.tls-wildcard-name": (
        "the certificate fits only by its wildcard {name}, which RFC 5922 §7.2 forbids"
    ),
    "warning.tls-common-name-only": (
        "the certificate names the domain only in its common name; it has no subjectAltName"
    ),
    "warning.port-suppresses-srv": (
        "{host} has no address of its own, so port {port} was left aside and its SRV records were used; leave the "
        "port out of the target"
    ),
    "warning.dns-partial.addresses": "there are {count} addresses; the first {most} were used",
    "warning.dns-partial.addresses-or-more": (
        "there are {count} or more addresses; the first {most} were used"
    ),
    "warning.dns-partial.srv-records": "there are {count} SRV records; the first {most} were used",
    "warning.dns-partial.servers": "there are {count} servers; the first {most} were used",
    "warning.dns-partial.own-address": (
        "{detail}, which was used; with a host name and port in the trunk SRV is not asked"
    ),
    "warning.dns-partial.naptr": "{detail}; SRV was asked instead",
    "warning.dns-partial.srv": "{detail}; its servers are not among those tried",
    "warning.dns-partial.port-zero": (
        "an SRV record of {name} names {target} with port 0; it was left aside"
    ),
    "warning.dns-partial.other-servers": "{detail}; the other servers were used",
    "warning.dns-partial.other-family": "{detail}; only its {record_type} records were used",
    "warning.dns-partial.long-answer": (
        "the first {most} records of an answer are read, with names of up to {labels} labels; left aside were "
        "{count} of the {record_type} answer for {name}"
    ),
    "warning.infrastructure-resolves-differently.elsewhere": (
        _CALLS + "{edge}, which is none of the ways that were found here"
    ),
    "warning.infrastructure-resolves-differently.alone": (
        _CALLS + "{edge}, while the way that RFC 3263 asks for leads nowhere"
    ),
    "warning.infrastructure-resolves-differently.down": (
        _CALLS + "{edge} and to no other address, and that one is of no use"
    ),
    "warning.infrastructure-resolves-differently.own-host": (
        "{host} has SRV records and no address of its own: the voice infrastructure keeps their port, {port}, and "
        "would send calls to itself"
    ),
    "warning.infrastructure-resolves-differently.nowhere": (
        "the voice infrastructure finds no address for {host}, and calls would end at once"
    ),
    "warning.infrastructure-resolves-differently.unreadable": (
        "the voice infrastructure cannot read the IPv6 address {address} with a port ({port}), and calls would end at "
        "once"
    ),
    "warning.infrastructure-resolves-differently.ipv6": (
        _CALLS + "{edge}, by IPv6, if it can; the media that it offers is IPv4 alone"
    ),
    "warning.infrastructure-cannot-answer.scheme": _FIRST + "this one is {scheme}",
    "warning.infrastructure-cannot-answer.written": (
        _FIRST + "reads the scheme as Digest only where it is written so; here it is {scheme}"
    ),
    "warning.infrastructure-cannot-answer.several": _FIRST + "cannot read a header that holds several",
    "warning.infrastructure-cannot-answer.unreadable": _FIRST + "cannot read this one",
    "warning.infrastructure-cannot-answer.algorithm": _FIRST + "does not know its algorithm, {algorithm}",
    "warning.infrastructure-cannot-answer.capitals": (
        _FIRST + "does not read {name} where the name has capital letters, so that its answer is wrong"
    ),
    "warning.infrastructure-cannot-answer.body": (
        _FIRST + "leaves the body out of an answer with qop auth-int, so that it is wrong"
    ),
    "warning.infrastructure-cannot-answer.qop": _FIRST + "does not know its qop, {qop}",
    "warning.infrastructure-refuses-certificate.common-name": (
        _REFUSES + "{domain} is its common name alone, which it does not read"
    ),
    "warning.infrastructure-refuses-certificate.name": (
        _REFUSES + "it reads dNSName and iPAddress alone, and none is {domain}; there is {names}"
    ),
    "warning.infrastructure-refuses-certificate.root": (
        _REFUSES + "only the CA file here vouches for its root, unless that is installed there too"
    ),
}
