"""How a trunk is connected at its carrier, as talkover shows it (ours)."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from api.language.catalogs import translated
from api.timestamps import Timestamp
from trunks.catalog.connection import Connection
from trunks.rules.connection_details import KnownAddress


class AddressShown(BaseModel):
    address: str
    measured_at: Timestamp | None = Field(description="null for one that the operator configured.")


class ConnectionShown(BaseModel):
    check_addresses: list[AddressShown] = Field(description="Where our checks come from: allow them.")
    call_addresses: list[AddressShown] = Field(description="Where calls come from: allow them.")
    media_networks: list[str] = Field(description="Where the calls' media comes from and goes to.")
    inbound_uri: str | None = Field(description="Where the carrier sends calls.")
    transports: list[str] = Field(description="Of inbound_uri.")
    ports: list[int] = Field(description="Of inbound_uri.")
    codecs: list[str]
    encryption: str
    inbound_number: str | None = Field(description="What calls have to name in To; the first of several.")
    number_forms: list[str] = Field(description="The forms of the numbers that match, as they stand in To.")
    ban_exemption: str | None = Field(
        description="The line that keeps the PBX's ban filter off our addresses, where it names itself as one we know."
    )
    warnings: list[str]


class ConnectionFound(BaseModel):
    success: bool = True
    data: ConnectionShown


def show_connection(connection: Connection) -> ConnectionFound:
    place = connection.place
    return ConnectionFound(
        data=ConnectionShown(
            check_addresses=_addresses(connection.check_addresses),
            call_addresses=_addresses(connection.call_addresses),
            media_networks=list(connection.media_networks),
            inbound_uri=None if place is None else place.uri,
            transports=[] if place is None else [place.transport],
            ports=[] if place is None else [place.port],
            codecs=list(connection.codecs),
            encryption=connection.encryption,
            inbound_number=next(iter(connection.numbers), None),
            number_forms=list(connection.number_forms),
            ban_exemption=connection.ban_exemption,
            warnings=[translated(each) for each in connection.warnings],
        )
    )


def _addresses(known: Sequence[KnownAddress]) -> list[AddressShown]:
    return [AddressShown(address=each.address, measured_at=each.measured_at) for each in known]
