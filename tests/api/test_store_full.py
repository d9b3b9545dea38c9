"""The disk is full: said by SQLite itself, of a file that may not grow."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, func, select

from tests.api.client import ApiUnderTest
from tests.trunks.forms import PASSWORD, make_report
from trunks.models.trunk import Gateway, Trunk

URL = "/api/v1/sip-trunks"

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# SQLite's own default, and a number below any that is in use: it takes the pages that there are.
_MOST_PAGES, _NO_MORE_PAGES = 4_294_967_294, 1


class Disk:
    """`full` holds for every connection from its next use on."""

    def __init__(self, api: ApiUnderTest) -> None:
        self.full = False

        def limit(connection: object, *_: object) -> None:
            pages = _NO_MORE_PAGES if self.full else _MOST_PAGES
            connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

        event.listen(api.store.installation.database.engine, "checkout", limit)


@pytest.fixture
def disk(api: ApiUnderTest) -> Disk:
    return Disk(api)


@pytest.fixture
def count(api: ApiUnderTest) -> Callable[[], list[int | None]]:
    """Count trunks and gateways, which are written together."""

    def rows() -> list[int | None]:
        with api.store.installation.database.read() as session:
            return [session.scalar(select(func.count()).select_from(table)) for table in (Trunk, Gateway)]

    return rows


async def test_a_full_disk_is_told_and_what_is_stored_is_read(
    api: ApiUnderTest, disk: Disk, count: Callable[[], list[int | None]]
) -> None:
    made = [await api.create()]
    disk.full = True
    for number in range(2000):
        answer = await api.client.post(URL, json=_body(number))
        if answer.status_code != 201:
            break
        made.append(answer.json()["data"])
    problem = answer.json()
    assert (answer.status_code, problem["success"], problem["code"]) == (503, False, "STORE_UNAVAILABLE")
    assert problem["message"].startswith("The disk of this service is full: nothing was changed")
    assert answer.headers["Retry-After"] == "60"
    assert PASSWORD not in answer.text
    assert count() == [len(made), len(made)]
    for trunk in (made[0], made[-1]):
        assert (await api.client.get(f"{URL}/{trunk['id']}")).status_code == 200
    disk.full = False
    assert (await api.client.post(URL, json=_body(2001))).status_code == 201
    assert (await api.verified(made[0]["id"], make_report())).json()["success"] is True


def _body(number: int) -> dict[str, object]:
    return {
        "name": f"Trunk {number} {'x' * 80}",
        "provider_name": "carrier-x",
        "domain": f"sip{number}.carrier.example",
        "username": "user_42",
        "password": PASSWORD,
        "port": 5061,
        "transport": "tls",
    }
