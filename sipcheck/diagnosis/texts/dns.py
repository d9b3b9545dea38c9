"""What is said where the DNS leads nowhere."""

from sipcheck.diagnosis.texts.text import Text, Texts
from sipcheck.reasons import Cause, Reason

_TARGET_IS_ADDRESS = Text(
    "The trunk's domain names an IP address where the name of a server belongs: {detail}.",
    "The carrier's SRV record has to be put right: tell the carrier. Until then enter that address and the port that "
    "the carrier gave you.",
)

DNS: Texts = {
    (Reason.DNS_NXDOMAIN, None): Text(
        "The trunk's domain does not exist: {detail}.",
        "Check the spelling. If it is right, the carrier's DNS has no entry of that name.",
    ),
    (Reason.DNS_NXDOMAIN, Cause.SRV_TARGET_MISSING): Text(
        "The trunk's domain names a server that is not there: {detail}.",
        "The carrier's SRV record has to be put right: tell the carrier. Until then enter the host name or IP address "
        "and the port that it gave you.",
    ),
    (Reason.DNS_NXDOMAIN, Cause.CNAME_TARGET_MISSING): Text(
        "The trunk's domain is another name for one that is not there: {detail}.",
        "The domain's CNAME record has to be put right: tell the carrier. Until then enter the host name or IP address "
        "and the port that it gave you.",
    ),
    (Reason.DNS_NXDOMAIN, Cause.SRV_TARGET_IS_ADDRESS): _TARGET_IS_ADDRESS,
    (Reason.DNS_NO_RECORDS, Cause.SRV_TARGET_IS_ADDRESS): _TARGET_IS_ADDRESS,
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
    (Reason.DNS_SERVFAIL, Cause.SRV_REFUSED): Text(
        "DNS could not say which servers {domain} names: {detail}.",
        "Enter the host name or IP address and the port that the carrier gave you: then SRV is not asked. If it lasts, "
        "tell whoever runs the DNS resolver, and the carrier.",
    ),
    (Reason.DNS_TIMEOUT, Cause.SRV_UNANSWERED): Text(
        "DNS did not say in time which servers {domain} names, and its own address gave no answer: {detail}.",
        "Enter the host name or IP address and the port that the carrier gave you: then SRV is not asked. If it lasts, "
        "tell whoever runs the DNS resolver, and the carrier.",
    ),
    (Reason.DNS_TIMEOUT, Cause.OWN_STALL): Text(
        "Our own system stood still while {domain} was resolved: {detail}.",
        "Try again. If this repeats, the machine that runs the check has too little processor time for all that runs "
        "there.",
    ),
    (Reason.DNS_TIMEOUT, Cause.NOT_ASKED): Text(
        "The check left no time to resolve {domain}: {detail}.",
        "Try again, with a longer time limit if this repeats; nothing is known of the trunk.",
    ),
    (Reason.DNS_TIMEOUT, None): Text(
        "The name {domain} could not be resolved in time: {detail}.",
        "This often passes; try again in a few minutes. If it lasts, tell the carrier.",
    ),
}
