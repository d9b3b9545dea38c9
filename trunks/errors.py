"""What the domain refuses or cannot do; each leaf's docstring is its default message."""

import math
from datetime import datetime


class TrunksError(Exception):
    """The service cannot go on."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class InstallationFault(TrunksError):
    """This installation cannot start; the operator has to mend it."""


class SettingsInvalid(InstallationFault):
    """A setting cannot be used; the message has a line for each, with name, fault and fix."""


class KeysUnusable(InstallationFault):
    """The keys that open the stored secrets are missing or unreadable."""


class DataDirUnusable(InstallationFault):
    """The data directory cannot be written."""


class SchemaOutdated(InstallationFault):
    """The database has not the current schema; run `trunkd migrate`."""


class SchemaUnknown(InstallationFault):
    """The database has a schema of a newer version."""


class StoreUnavailable(TrunksError):
    """The database does not answer."""


class StoreBusy(StoreUnavailable):
    """Another transaction keeps a row locked for longer than this one may wait."""


class StoreFull(StoreUnavailable):
    """The database has no room left on its disk: reading goes on, writing does not. Make room."""


class StoreUnwritable(StoreUnavailable):
    """The database's file cannot be opened or written by the user that this runs as."""


class StoreDamaged(StoreUnavailable):
    """The database's file is damaged, or is none."""


class Refused(TrunksError):
    """The domain's rules do not allow what was asked."""

    # Where the same may be allowed a little later.
    retry_after_seconds: int | None = None
    # Which of those that were sent it is about, where it is one of several.
    number: str | None = None


class CustomTrunksNotAllowed(Refused):
    """This plan does not include custom SIP trunks."""


class TrunkNotVerified(Refused):
    """The trunk has to be verified before it can be active."""


class TrunkNotFound(Refused):
    """SIP trunk not found."""


class TrunkExists(Refused):
    """There is such a trunk already."""


class StillBeingMade(Refused):
    """It is being created at this moment by another request; ask again in a moment."""

    retry_after_seconds = 10


class StillBeingChanged(Refused):
    """It is being changed at this moment by another request; ask again in a moment."""

    retry_after_seconds = 10


class NameTaken(Refused):
    """There is a trunk of this name already."""


class ProvisioningUnfinished(TrunksError):
    """The voice infrastructure did not take the trunk; `lasting` says that it will not by being asked again."""

    def __init__(self, cause: str | None, *, lasting: bool = False) -> None:
        super().__init__()
        self.cause = cause or "it took too long"
        self.lasting = lasting


class TrunkHasNumbers(Refused):
    """The trunk still has phone numbers; remove them first."""


class NumberNotFound(Refused):
    """Phone number not found."""


class CalledNumberNotFound(Refused):
    """This number is none of your trunks' in this environment."""


class NumberTaken(Refused):
    """This number is already registered in your environment."""

    def __init__(self, number: str) -> None:
        super().__init__(f"The number {number} is already registered in your environment.")
        self.number = number


class NumberInUseElsewhere(Refused):
    """This number is in use by another trunk of this platform"""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number


class TooManyNumbers(Refused):
    """An environment has as many numbers as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Your environment may have {most} phone numbers at most; remove one first.")


class NumberInUse(Refused):
    """A number of the trunk is still assigned; take the assignment away first."""

    def __init__(self, number: str | None = None) -> None:
        super().__init__(number and f"The number {number} is still assigned; take the assignment away first.")
        self.number = number


class CallNotFound(Refused):
    """Test call not found."""


class CallsNotAllowed(Refused):
    """Your environment may make no test calls; whoever runs this service allows them."""


class CallInProgress(Refused):
    """A test call over this trunk is under way; wait for its end."""

    retry_after_seconds = 10


class NumberNotAllowed(Refused):
    """This number may not be called for a test."""


class CallerNotYours(Refused):
    """The caller is no number of this trunk."""


class CallLimitReached(Refused):
    """Enough test calls were made of late; `seconds` until the next may be."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = max(1, math.ceil(seconds))


class VerificationNotFound(Refused):
    """Verification not found."""


class EvidenceNotFound(Refused):
    """This verification keeps no messages: it has not ended yet, or a former version recorded it."""


class PublicUrlMissing(Refused):
    """This platform makes no links: whoever runs it has not said under which address it is reached."""


class SharedPageNotFound(Refused):
    """There is no such link: it expired, was taken back, or never was."""


class TooManySharedPages(Refused):
    """A verification has as many links as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A verification may have {most} links at once; take one back first.")


class EndpointNotFound(Refused):
    """Webhook endpoint not found."""


class IncidentNotFound(Refused):
    """Incident not found."""


class DestinationNotFound(Refused):
    """No trunk leads there."""


class MaintenanceNotFound(Refused):
    """There is no maintenance of this id that stands; trunkd maintenance list shows them."""


class DeliveryNotFound(Refused):
    """Delivery not found."""


class EndpointDisabled(Refused):
    """This webhook endpoint is disabled; enable it first."""


class TooManyEndpoints(Refused):
    """An environment has as many webhook endpoints as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Your environment may have {most} webhook endpoints at most; remove one first.")


class TooManyTestMessages(Refused):
    """So many test messages wait for a webhook endpoint as may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} test messages wait for this endpoint already; look at its deliveries for what keeps them, or "
            "disable it."
        )


class EnvironmentNotFound(Refused):
    """There is no environment of this name."""


class EnvironmentExists(Refused):
    """There is an environment of this name already."""


class TokenNotFound(Refused):
    """There is no token of this id."""


class SecretUnreadable(TrunksError):
    """A stored secret cannot be opened with the keys at hand."""


class RunInterrupted(TrunksError):
    """The verification was broken off because the worker stops."""


class CallLost(TrunksError):
    """Another worker has this test call."""


class TooManyRejections(TrunksError):
    """Too many passwords were refused at this carrier; nothing is sent before `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class AddressResting(TrunksError):
    """The carrier's address was asked as often as its ban filters bear; nothing is sent before `until`."""

    def __init__(self, until: datetime, seconds: float) -> None:
        super().__init__()
        self.until = until
        self.seconds = seconds


class RunPostponed(TrunksError):
    """This run has to wait for its turn, longer than it may keep its worker; `at` an address, where one has no room."""

    def __init__(self, seconds: float, *, at: str | None = None) -> None:
        super().__init__()
        self.seconds = seconds
        self.at = at
