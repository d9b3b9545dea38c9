"""Why a call does not come in by a trunk, or what is worth knowing where it does (docs/inbound.md)."""

from enum import StrEnum


class InboundReason(StrEnum):
    """The last three are told of calls that are taken."""

    NOT_PROVISIONED = "not-provisioned"
    CALLED_NUMBER_DIFFERS = "called-number-differs"
    NUMBER_IN_REQUEST_URI_ONLY = "number-in-request-uri-only"
    CALLER_NOT_ALLOWED = "caller-not-allowed"
    SOURCE_NOT_ALLOWED = "source-not-allowed"
    CONFLICT = "conflict"
    NO_DISPATCH_RULE = "no-dispatch-rule"
    ANOTHER_TRUNK = "another-trunk"
    WILDCARD_RULE = "wildcard-rule"
    MATCHED_BY_FROM_HOST = "matched-by-from-host"
    PASSWORD_ASKED = "password-asked"  # noqa: S105 - the name of a reason
