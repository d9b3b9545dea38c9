"""Apprise, which speaks to mail, chat and pagers: notices for the operator, each address by itself."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trunks.errors import SettingsInvalid
from trunks.rules.operator_notice import NotifyAddress, OperatorNotice, Severity


@dataclass(frozen=True, slots=True)
class _Place:
    address: NotifyAddress
    service: Any


class AppriseNotifier:
    """Raises SettingsInvalid where Apprise is not installed, or knows no service of such an address."""

    def __init__(self, addresses: Sequence[NotifyAddress]) -> None:
        # An extra: whoever is told in another way need not have it. Its services are loaded with the first address,
        # and some import what Python will drop.
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import apprise

                apprise.Apprise().add("json://localhost")
        except ImportError as error:
            raise SettingsInvalid(
                f"TRUNKS_NOTIFY_URLS: it is set, and {error.name} is not installed. "
                "Install the service with its extra: pip install 'trunkd[notify]'."
            ) from error
        # What it logs names addresses, and answers of services.
        logging.getLogger("apprise").disabled = True
        self._types = {
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
            Severity.WARNING: apprise.NotifyType.WARNING,
        }
        self._places = []
        for number, address in enumerate(addresses, start=1):
            service = apprise.Apprise()
            if not service.add(address.url):
                raise SettingsInvalid(f"TRUNKS_NOTIFY_URLS: Apprise knows no service for entry {number}.")
            self._places.append(_Place(address, service))

    def wanted(self, severity: Severity) -> frozenset[int]:
        """Which addresses are to be told, by their places from 1 on."""
        return frozenset(
            number for number, place in enumerate(self._places, start=1) if place.address.wants(severity)
        )

    def send(self, number: int, severity: Severity, notice: OperatorNotice) -> bool:
        """Tell one; false where it could not be told. Takes its time."""
        service = self._places[number - 1].service
        try:
            return bool(
                service.notify(body=notice.body, title=notice.title, notify_type=self._types[severity])
            )
        except Exception:  # noqa: BLE001 - the border of a foreign service, whose fault may hold its address
            return False
