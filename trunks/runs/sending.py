"""What a run says of the credentials that it would send: first before it begins, then when a challenge has come."""

from dataclasses import dataclass

from trunks.runs.claimed_run import ClaimedRun


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """The names of credentials about to leave: with their realm, and without."""

    key: str
    account_key: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A run that would begin: its credentials without their realm, and with the realm if one is configured."""

    account_key: str
    configured_key: str | None
    explicit: bool


@dataclass(frozen=True, slots=True)
class Departure:
    """The credentials of a run, for a realm that a challenge has named."""

    claim: ClaimedRun
    keys: CredentialKeys
