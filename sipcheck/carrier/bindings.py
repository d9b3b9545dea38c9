"""Where the users of a practice carrier can be reached (RFC 3261 §10.3)."""

from sipcheck.message.message import Request
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.uri import SipUri

GRANTED_SECONDS = 3600


class Bindings(dict[str, tuple[str, ...]]):
    """The contacts of each address-of-record; they last as long as the carrier, unless they are removed."""

    def register(self, request: Request) -> tuple[str, ...]:
        """Carry out a REGISTER and list the bindings as Contact values; without Contact nothing changes (§10.3).

        Raises ValueError for a To or a Contact that cannot be used.
        """
        record = _address_of_record(request.headers.get("To") or "")
        values = request.headers.split("Contact")
        if values:
            self._bind(record, values, request.headers.get("Expires"))
        return tuple(f"<{contact}>;expires={GRANTED_SECONDS}" for contact in self.get(record, ()))

    def _bind(self, record: str, values: tuple[str, ...], expires: str | None) -> None:
        contacts = dict.fromkeys(self.get(record, ()))
        if "*" in values:
            if values != ("*",) or expires != "0":
                raise ValueError("Contact * stands alone and with Expires 0")
            contacts = {}
        else:
            for value in values:
                contact = NameAddr.parse(value)
                SipUri.parse(contact.uri)
                contacts.pop(contact.uri, None)
                if (contact.params.get("expires") or expires) != "0":
                    contacts[contact.uri] = None
        if contacts:
            self[record] = tuple(contacts)
        else:
            self.pop(record, None)


def _address_of_record(to: str) -> str:
    """The canonical form: scheme, user and host (§10.3, step 5)."""
    uri = SipUri.parse(NameAddr.parse(to).uri)
    return str(SipUri(secure=uri.secure, user=uri.user, host=uri.host.lower()))
