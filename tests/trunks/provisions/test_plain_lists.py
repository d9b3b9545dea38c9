"""Allow-lists reach the infrastructure with their prefixes; those that stand are held until an operator lets them."""

from sqlalchemy import update

from tests.trunks.provisions.installed import Installed
from trunks.models.provision import Provision
from trunks.rules.profile import InboundAuthorization, TrunkProfile

BY_IP = TrunkProfile(
    authorization=InboundAuthorization.IP, allowed_addresses=("198.51.100.0/24", "2001:db8::1", "203.0.113.7")
)


async def test_a_list_that_stands_keeps_its_spelling_until_it_is_applied(installed: Installed) -> None:
    trunk = installed.make_trunk(profile=BY_IP)
    ids = await installed.work(trunk)
    assert ids.inbound is not None
    side = installed.server.inbound[ids.inbound]
    prefixed = ["198.51.100.0/24", "2001:db8::1/128", "203.0.113.7/32"]
    assert list(side.allowed_addresses) == prefixed
    store = installed.store
    assert store.installation.catalog.views.get(store.caller, trunk.id).profile == BY_IP
    # As a former version wrote it.
    side.allowed_addresses[:] = BY_IP.allowed_addresses
    with store.installation.database.write() as session:
        session.execute(update(Provision).values(plain_list=True))
    assert (await installed.judge()).found == ()
    rehearsal = store.installation.provisions.rehearsal
    (planned,) = rehearsal.plan(await installed.existing())
    assert (planned.side_id, planned.held) == (ids.inbound, True)
    assert [name for name, *_ in planned.fields] == ["allowed_addresses"]
    assert rehearsal.apply() == 1
    assert await installed.work(trunk) == ids
    assert list(installed.server.inbound[ids.inbound].allowed_addresses) == prefixed
    assert list(rehearsal.plan(await installed.existing())) == []
