"""What is said of bytes that are no usable answer, and of answers that did not come."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "message.not-sip": "what came does not start as SIP",
    "message.bytes-not-sip": "{count} bytes that are not SIP",
    "message.looks-like": "it looks like {protocol}",
    "message.tls-spoken": "TLS is spoken there",
    "message.unfinished.one": (
        "{count} bytes of an answer came, {seconds} s before the end of the wait, and its end did not"
    ),
    "message.unfinished.several": (
        "{count} bytes of an answer came in {pieces} pieces, the last {seconds} s before the end of the wait, and its "
        "end did not"
    ),
    "message.several-vias": (
        "the answer carries {count} Via headers, where ours alone belongs (RFC 3261 §8.1.3.3)"
    ),
    "message.connection-ended": "the connection ended in the middle of a message",
    "message.other-answers.one": "1 answer with another {parts}",
    "message.other-answers.several": "{count} answers with another {parts}",
    "message.other-answers.behind-provisional": "a {status} to it, and {others}",
    "message.own-request": "our own request, sent back",
    "message.request": "a request of its own, {method}",
    "message.times": "{what} ({count} times)",
    "message.provisional-only": "only {status}, and no final answer",
    "message.keep-alives-only": "only line ends came (keep-alives, {count} times), and no answer in {seconds} s",
    "message.no-answer": "no answer in {seconds} s",
    "message.no-answer.verdict": "no final answer before the verdict was settled",
    "message.no-answer.next-edge": "no final answer before the next edge had its turn",
    "message.deadline": "our deadline left only {seconds} s for an answer",
    # Why it cannot be used.
    "message.cut-header": "the message ends inside its header",
    "message.folded-start-line": "the start line is folded",
    "message.lone-return": "a carriage return without line feed inside the header",
    "message.other-version": "the request line names another version than SIP/2.0",
    "message.request-uri": "the Request-URI holds a space, a quote or an angle bracket",
    "message.status-line": "the status line is not SIP/2.0 and a status code from 100 to 699",
    "message.long-header": "a header of more than {most} bytes",
    "message.long-start-line": "a start line of more than {most} bytes",
    "message.long": "a message of more than {most} bytes",
    "message.no-length": "no Content-Length on a stream",
    "message.two-lengths": "two Content-Length values differ",
    "message.length": "Content-Length is {fault}",
    "message.short-body": "Content-Length is {length}, and only {count} bytes of body came",
    "message.no-via": "no Via",
    "message.via": "a Via cannot be read: {fault}",
    "message.cseq-method": "CSeq names another method than the request line",
    "message.field": "{name} cannot be read: {fault}",
    # What is wrong with a part of it.
    "message.fault.twice": "it is there more than once",
    "message.fault.missing": "it is missing",
    "message.fault.no-number": "not a number",
    "message.fault.large-number": "a number above {most}",
    "message.fault.cseq": "not a number and a method",
    "message.fault.bare-ipv6": "an IPv6 address without brackets",
    "message.fault.no-host": "not a host name",
    "message.fault.unterminated": "an unterminated quoted string",
    "message.fault.no-ipv6": "not an IPv6 address",
    "message.fault.ipv6-zone": "an IPv6 address with a zone",
    "message.fault.behind-host": "text after the host",
    "message.fault.port-zero": "port 0",
    "message.fault.via": "not SIP/2.0/transport and a host",
    "message.fault.bare-name": "a display name without a URI in angle brackets",
    "message.fault.angle-bracket": "a URI without its closing angle bracket, or text behind it",
    "message.fault.no-uri": "no URI",
    "message.fault.uri-character": "a space, quote, angle bracket or control character in a URI",
    "message.fault.scheme": "not a sip: or sips: URI",
    "message.fault.no-user": "an empty user part",
}
