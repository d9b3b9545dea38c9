"""The integer by which dialects without UUIDs know a trunk; never given twice."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Uuid

from trunks.models.base import Base

trunk_serials = Table(
    "trunk_serials",
    Base.metadata,
    # SQLite gives out rising numbers for this type alone.
    Column("serial", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("trunk_id", Uuid(), ForeignKey("trunks.id", ondelete="CASCADE"), unique=True, nullable=False),
    sqlite_autoincrement=True,
)
