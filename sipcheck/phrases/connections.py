"""What is said of connections and datagrams that brought nothing; `words` are the system's or OpenSSL's own."""

from collections.abc import Mapping

CONNECTIONS: Mapping[str, str] = {
    "connection.system": "{words} ({name})",
    "connection.closed-by-peer": "the peer closed the connection",
    "connection.closed-by-us": "the connection is closed",
    "connection.no-answer": "no answer within the time allowed",
    "connection.deadline": "our deadline left only {seconds} s for the connection",
    "connection.not-in-time": "no connection before the verdict was settled",
    "connection.no-way": "no way to {host}: {failure}",
    "connection.no-way-from": "no way from {source} to {host}: {failure}",
    "connection.other-family": "checks leave from {source}, which has no way to {address}",
    "connection.paced": "the pace left no time for a request",
    "ours.late": "our own system was {seconds} s late, and may have missed what came",
    # Behind what failed.
    "connection.behind-provisional": "{failure}, behind a {status}",
    "connection.after-password": "{failure}, {seconds} s after the password was sent",
    "tls.openssl": "{words}",
    "tls.broke-off": "the TLS session broke off",
    "tls.unanswered": "the peer did not answer the TLS handshake in time",
    "tls.unfinished": "the peer began the TLS handshake, and did not finish it in time",
    "tls.plain-sip": "SIP is spoken there, in the clear",
    "tls.alert": "it sent the alert {alert} ({number})",
    "tls.alert.unnumbered": "it sent the alert {alert}",
    "tls.alert.unnamed": "it sent the alert {number}",
    "tls.hung-up": "the peer closed the connection in the middle of the TLS handshake",
    "tls.hung-up-unheard": "the peer hung up without a byte of its own, as a port without TLS does",
    "tls.alert.server-name": "it does not know the name that it was asked for (alert 112)",
    "tls.alert.handshake-failure": "it found no version and cipher in common with ours (alert 40)",
    "tls.alert.insufficient-security": "it wants stronger ciphers than ours (alert 71)",
    "tls.key-too-short": "its key for the exchange is too short to be safe",
    "tls.asked-for": "{failure}: '{name}'",
    "tls.asked-for-none": "{failure}: none, as for an address",
    "tls.name-not-askable": "no server can be asked for by the name {name}",
    "tls.no-certificate": "the peer presented no certificate",
}
