"""What is advised where somebody checks his own network with his own tool, in place of what a customer is told."""

from collections.abc import Mapping

from sipcheck.reasons import Reason

# `options` are those of the command line that let through what was refused.
OWN_TOOL: Mapping[Reason, str] = {
    Reason.ADDRESS_FORBIDDEN: (
        "If it is yours to check, such as a PBX in your own network, add {options}. If not, check the domain, or ask "
        "the carrier why its DNS names this address."
    ),
    Reason.PORT_FORBIDDEN: (
        "If the carrier gave you this port, add {options}. SIP usually runs on port 5060, or 5061 for TLS."
    ),
}
