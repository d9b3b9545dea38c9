"""What is said where the DNS leads nowhere."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Reason

DNS: Texts = {
    (Reason.DNS_NXDOMAIN, None): Text(
        "The trunk's domain does not exist: {detail}.",
        "Check the spelling. If it is right, the carrier's DNS has no entry of that name.",
    ),
    (Reason.DNS_NO_RECORDS, None): Text(
        "The trunk's domain leads to no address: {detail}.",
        "Check the domain and the transport with the carrier, or enter the host name or IP address and port "
        "that it gave you.",
    ),
    (Reason.DNS_SERVICE_REFUSED, None): Text(
        "The carrier's DNS declines this service: {detail}.",
        "Choose another transport, or ask the carrier which one this domain is meant for.",
    ),
    (Reason.DNS_SERVFAIL, None): Text(
        "DNS could not answer for {domain}: {detail}.",
        "The fault lies in the domain's DNS or on the way to it, and often passes. If it lasts, tell the carrier.",
    ),
    (Reason.DNS_TIMEOUT, None): Text(
        "DNS did not answer for {domain} in time: {detail}.",
        "This often passes; try again in a few minutes. If it lasts, tell the carrier.",
    ),
}
