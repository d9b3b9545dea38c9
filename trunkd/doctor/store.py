"""What `trunkd doctor` looks at in the store: the file or server, its schema, rows and sealed secrets."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from trunkd.doctor.checks import CheckFailed
from trunks.errors import (
    KeysUnusable,
    SchemaOutdated,
    SchemaUnknown,
    StoreDamaged,
    StoreFull,
    StoreUnavailable,
    StoreUnwritable,
)
from trunks.installation.installation import open_database, read_keys
from trunks.installation.key_check import open_all
from trunks.installation.settings import PREFIX, Settings
from trunks.repositories.knocks import Knocks
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.table_sizes import TableSize, TableSizes
from trunks.secrets.keys import KEY_FILE_NAME
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.store.schema import require_current
from trunks.store.soundness import require_sound, require_takes_writes

_CLOCK_MAY_DIFFER_SECONDS = 2.0
_EARLIEST_YEAR = 2025
_MOST_ADDRESSES = 20
_MOST_DOUBLES = 20


def store(settings: Settings) -> str:
    """The database answers and has the current schema."""
    with opened(settings) as database:
        require_sound(database)
        require_takes_writes(database)
        return f"{'SQLite' if database.is_sqlite else 'PostgreSQL'} answers, its schema is current."


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the store for a look. Raises CheckFailed where it cannot be read, also by what is asked of it then."""
    try:
        with closing(open_database(settings)) as database:
            require_current(database)
            yield database
    except SchemaOutdated as fault:
        raise CheckFailed(str(fault), "run trunkd migrate.") from fault
    except SchemaUnknown as fault:
        raise CheckFailed(str(fault), "install the newer version again, or restore a backup.") from fault
    except StoreDamaged as fault:
        raise CheckFailed(str(fault), "restore the newest backup.") from fault
    except StoreUnwritable as fault:
        raise CheckFailed(str(fault), "give the file and its folder to the user of trunkd.") from fault
    except StoreFull as fault:
        raise CheckFailed(str(fault), "make room on its disk.") from fault
    except StoreUnavailable as fault:
        raise CheckFailed(str(fault), f"start the database, or correct {PREFIX}DATABASE_URL.") from fault


def stored_secrets(settings: Settings) -> str:
    """Every stored secret is sealed under a key that is at hand."""
    with opened(settings) as database:
        try:
            at_hand = read_keys(settings)
        except KeysUnusable as fault:
            raise CheckFailed(
                "without keys no stored secret opens.", "see the line about the keys."
            ) from fault
        found = open_all(database, SecretBox(at_hand))
    used = found.key_ids
    missing = used - {key.id for key in at_hand}
    shut = sum(number for key_id, number in found.shut.items() if key_id not in missing)
    if shut:
        told = (
            f"{shut} of {shut + found.opened.total()} do not open under {', '.join(sorted(used - missing))}: "
        )
        raise CheckFailed(
            f"{told}it is another key of that name, or the rows were damaged.",
            f"put back the {KEY_FILE_NAME} or {PREFIX}SECRET_KEYS that belong to this database, from the same backup.",
        )
    if missing:
        raise CheckFailed(
            f"some are sealed under {', '.join(sorted(missing))}, which is not at hand.",
            f"add that key to {PREFIX}SECRET_KEYS or to the key file; a backup may have it.",
        )
    return f"sealed under {', '.join(sorted(used))}." if used else "none is stored."


def rows(settings: Settings) -> str:
    """How many rows each table has, and how old the oldest is."""
    now = datetime.now(UTC)
    with opened(settings) as database, database.read() as session:
        return f"{', '.join(_told(size, now) for size in TableSizes(session).all())}."


def numbers(settings: Settings) -> str:
    """Which numbers several trunks have, as a former version or an installation without provisioner let them."""
    with opened(settings) as database, database.read() as session:
        found = NumberClaims(session).doubles(limit=_MOST_DOUBLES + 1)
    if not found:
        return "each is one trunk's."
    told = ", ".join(
        f"{line} (trunk {trunk_id} of {environment_id})"
        for line, trunk_id, environment_id in found[:_MOST_DOUBLES]
    )
    more = ", and more" if len(found) > _MOST_DOUBLES else ""
    raise CheckFailed(
        f"an older trunk has these too: {told}{more}.",
        "take them off there, or trunkd number release NUMBER --to TRUNK gives one to another trunk.",
        harmless=True,
    )


def knocks(settings: Settings) -> str:
    """At which addresses work waits, since they were asked as often as ban filters bear."""
    with opened(settings) as database, database.read() as session:
        resting = Knocks(session).resting(datetime.now(UTC), limit=_MOST_ADDRESSES)
    if not resting:
        return "no work waits for an address that rests."
    raise CheckFailed(
        f"work waits for {', '.join(resting)}: as many requests as ban filters bear stand there.",
        f"where a carrier exempts our address, set {PREFIX}KNOCKS=its.domain=0; else it goes on by itself.",
        harmless=True,
    )


def _told(size: TableSize, now: datetime) -> str:
    age = "" if size.oldest_at is None else f" (the oldest {(now - size.oldest_at).days} days)"
    return f"{size.table} {size.rows:,}{age}"


def clock(settings: Settings) -> str:
    """Leases and freezes are moments: this clock has to agree with the database's."""
    now = datetime.now(UTC)
    if now.year < _EARLIEST_YEAR:
        raise CheckFailed(f"it shows {now:%Y-%m-%d}.", "set it; run an NTP client.")
    if settings.uses_sqlite:
        return f"it shows {now:%Y-%m-%d %H:%M:%S} UTC; with SQLite there is no other to agree with."
    with opened(settings) as database, database.read() as session:
        theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        apart_seconds = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart_seconds > _CLOCK_MAY_DIFFER_SECONDS:
        raise CheckFailed(
            f"it is {apart_seconds:.1f} s apart from the database's.", "run an NTP client on both machines."
        )
    return "it agrees with the database's."
