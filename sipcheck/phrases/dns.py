"""What is said of questions without an answer, and of answers that lead nowhere."""

from collections.abc import Mapping

DNS: Mapping[str, str] = {
    "dns.not-sent": "no time was left for the {record_type} query for {name}, which was not sent",
    "dns.unanswered": "no resolver answered the {record_type} query for {name} in time",
    "dns.late": "{failure}, and {late}",
    "dns.failed": "the resolver could not answer the {record_type} query for {name} ({fault})",
    "dns.nxdomain": "{host} does not exist (NXDOMAIN)",
    "dns.nxdomain.behind-cname": "{host} is there, and {fault}",
    "dns.no-address": "{host} exists but has neither an A nor an AAAA record",
    "dns.host-of-srv": "{host}, which an SRV record names,",
    "dns.srv-unusable": "{domain} has SRV records, but none that can be used",
    "dns.service-refused": "{domain} says that it does not offer SIP: the SRV target of {names} is a single dot",
    "dns.own-address": "{failure}; {host} itself leads to {address}",
    # Why a question has no answer.
    "dns.fault.timeout": "no answer within {seconds} s",
    "dns.fault.cname": "its CNAME leads to {name}, which does not exist (NXDOMAIN)",
    "dns.fault.no-resolver": "no resolver is configured: {path} is missing, unreadable or names none",
    "dns.fault.too-many-cnames": "the name leads over more than {most} CNAMEs",
    "dns.fault.cname-loop": "the name leads over too many CNAMEs, or they make a loop",
    "dns.fault.unreachable": "{server} cannot be reached: {words}",
    "dns.fault.library": "{words}",
}
