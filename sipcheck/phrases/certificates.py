"""What is said of certificates: why one was refused, and what it says of itself; `words` are OpenSSL's own."""

from collections.abc import Mapping

CERTIFICATES: Mapping[str, str] = {
    "certificate.refused": "{words}",
    "certificate.unreadable": "the certificate cannot be read",
    # What it says of itself, behind why it was refused.
    "certificate.itself-valid": "its own, issued by {issuer}, is valid from {not_before} to {not_after}",
    "certificate.usage": "its extended key usage is {uses}",
    "certificate.key": "its own key is {key}",
    "certificate.key.rsa": "RSA of {bits} bits",
    "certificate.key.ecdsa": "ECDSA on {curve}",
    "certificate.key.other": "of another kind than RSA and ECDSA, {kind}",
    "certificate.key.unreadable": "of a kind that we cannot read",
    "certificate.issuer": "its issuer is {issuer}",
    # What it names in place of the domain.
    "certificate.names": "it names {names}",
    "certificate.names-nothing": "it names nothing",
    "certificate.names-more": "it names {names} and {count} more",
    "certificate.names-server": "it names {host}, the server that DNS leads to",
    "certificate.common-name": (
        "{domain} is its common name alone, which does not count beside a subjectAltName; {named}"
    ),
    "certificate.address-as": "it has {address} as a {kind}, and an address counts as an iPAddress alone",
    "certificate.address-as-common-name": (
        "it has {address} as a common name, and an address counts as an iPAddress alone"
    ),
    "certificate.sip-uri-first": "its dNSName for {domain} does not count beside {uris} (RFC 5922 §7.1)",
    "certificate.wildcard": "only its wildcard {name} fits, which RFC 5922 §7.2 forbids",
}
