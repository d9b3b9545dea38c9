"""`trunkd trunks import`: a customer's trunks enter at once, each fault named, and nothing twice."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import httpx
import pytest

from tests.peers.practice import PracticePeer
from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunkd.prepared import installed, make_token
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.catalog.trunk_import import Entry

HEADER = "name,provider,target,transport,port,username,password\n"
GOOD = HEADER + "Berlin,acme,127.0.0.1,udp,{port},demo,demo-password\nBonn,acme,sip.acme.example,,,,\n"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the store that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("prepared")
    make_token(folder, {})
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    copytree(prepared, tmp_path, dirs_exist_ok=True)
    return tmp_path


def import_rows(folder: Path, text: str, *options: str) -> tuple[int, str, list[str]]:
    """Import a file, and give status, output and the lines of standard error."""
    file = folder / "trunks.csv"
    file.write_text(text)
    ended = run_trunkd("trunks", "import", str(file), "--environment", "acme", *options, folder=folder)
    return ended.returncode, ended.stdout, ended.stderr.splitlines()


def test_a_file_given_twice_enters_its_trunks_once(folder: Path) -> None:
    text = GOOD.format(port=5070)
    assert import_rows(folder, text) == (0, "2 entered; 0 there already; 0 not usable.\n", [])
    assert import_rows(folder, text + "Köln,acme,sip.acme.example,tls,,u,p\n") == (
        0,
        "1 entered; 2 there already; 0 not usable.\n",
        [
            "row 1: 'Berlin' at 127.0.0.1 is there already; skipped",
            "row 2: 'Bonn' at sip.acme.example is there already; skipped",
        ],
    )


def test_the_same_name_and_host_twice_in_one_file(folder: Path) -> None:
    status, told, lines = import_rows(
        folder, HEADER + "A,x,a.example,,,,\nA,x,A.EXAMPLE,,,,\nA,x,b.example,,,,\n"
    )
    assert (status, told) == (0, "2 entered; 1 there already; 0 not usable.\n")
    assert lines == ["row 2: 'A' at a.example is there already; skipped"]


def test_a_trunk_that_stands_is_known_by_its_host_in_whatever_spelling(folder: Path) -> None:
    hosts = ("münchen.example", "sip.acme.example.", "2001:db8:0::1")
    with installed(folder, {}) as installation:
        tenant = installation.tenancy.tenants.named("acme")
        entered = [
            NewTrunk(
                name="A", provider_name="x", gateways=(NewGateway(host=host),), username=None, password=None
            )
            for host in hosts
        ]
        assert installation.catalog.imports.enter(tenant, entered, verify=False) == [Entry.ENTERED] * 3
    rows = ("A,x,MÜNCHEN.example,,,,\n", "A,x,sip.acme.example,,,,\n", "A,x,[2001:db8::1],,,,\n")
    status, told, _ = import_rows(folder, HEADER + "".join(rows))
    assert (status, told) == (0, "0 entered; 3 there already; 0 not usable.\n")


def test_another_account_of_the_same_name_and_host_is_told_and_not_lost(folder: Path) -> None:
    """A customer's second account would else be nowhere, and nothing say so."""
    text = HEADER + "Berlin,acme,a.example,udp,,u-1,s-1\nBerlin,acme,a.example,udp,,u-2,s-2\n"
    lost = [
        "row 2 cannot be used: 'Berlin' at a.example is there already with another username than 'u-2'; "
        "give it a name of its own"
    ]
    assert import_rows(folder, text) == (1, "1 entered; 0 there already; 1 not usable.\n", lost)
    again = import_rows(folder, text)
    assert again[:2] == (1, "0 entered; 1 there already; 1 not usable.\n")
    assert again[2][1:] == lost
    mended = text.replace("Berlin,acme,a.example,udp,,u-2", "Berlin 2,acme,a.example,udp,,u-2")
    assert import_rows(folder, mended)[:2] == (0, "1 entered; 1 there already; 0 not usable.\n")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",x,a.example,,,,", "name is empty"),
        ("A,,a.example,,,,", "provider is empty"),
        ("A,x,,,,,", "target is empty"),
        ("A,x,a b,,,,", "'a b'"),
        ("A,x,a.example,sctp,,,", "transport 'sctp' is none; give udp, tcp or tls"),
        ("A,x,a.example,,0,,", "port '0' is none"),
        ("A,x,a.example:5070,,5071,,", "5071"),
        ("A,x,a.example,,,u,", "username 'u' needs a password"),
        ("A,x,a.example,,,,hunter2", "password is given without username"),
        (f"{'n' * 256},x,a.example,,,,", "name: It must have at most 255 characters"),
        ("A,x,a.example,,,,,,", "values where the header names 7"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_costs_no_other(folder: Path, row: str, told: str) -> None:
    status, summary, lines = import_rows(folder, f"{HEADER}{row}\nGood,x,good.example,,,,\n")
    assert (status, summary) == (1, "1 entered; 0 there already; 1 not usable.\n")
    (line,) = lines
    assert line.startswith("row 1 cannot be used: ")
    assert told in line
    assert "hunter2" not in line


def test_another_authentication_name_is_refused(folder: Path) -> None:
    rows = [
        {
            "name": "A",
            "provider": "x",
            "target": "a.example",
            "username": "u",
            "auth_username": "w",
            "password": "p",
        },
        {
            "name": "B",
            "provider": "x",
            "target": "a.example",
            "username": "u",
            "auth_username": "u",
            "password": "p",
        },
    ]
    status, summary, (line,) = import_rows(folder, "\n".join(map(json.dumps, rows)))
    assert (status, summary) == (1, "1 entered; 0 there already; 1 not usable.\n")
    assert "auth_username 'w' differs from username" in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no row"),
        ("target\na.example\n", "no column 'name'"),
        ("name,provider,target,colour\nA,x,a.example,red\n", "column 'colour' is not known"),
    ],
)
def test_a_file_that_cannot_be_used_enters_nothing(folder: Path, text: str, told: str) -> None:
    status, out, lines = import_rows(folder, text)
    assert (status, out) == (2, "")
    (line,) = lines
    assert line.startswith("trunkd: ")
    assert told in line


def test_an_unknown_environment_and_a_plan_without_trunks(folder: Path) -> None:
    file = folder / "trunks.csv"
    file.write_text(GOOD.format(port=5070))
    for name, told in (("nobody", "no environment 'nobody'"), ("basic", "plan does not include")):
        run_trunkd("environment", "create", "basic", "--no-allow-custom-sip-trunks", folder=folder)
        ended = run_trunkd("trunks", "import", str(file), "--environment", name, folder=folder)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert told in ended.stderr


def test_verifications_are_queued_with_the_trunks(
    tmp_path: Path, port: int, http: httpx.Client, start: Callable[..., Trunkd], is_ready: Callable[[], bool]
) -> None:
    with PracticePeer() as carrier:
        rows = [
            f"Line {n},acme,127.0.0.1,udp,{carrier.running.udp_port},demo,demo-password" for n in range(30)
        ]
        environment = {
            "TRUNKS_PORT": str(port),
            "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
            "TRUNKS_ADDRESS_RATE": "200",
        }
        trunkd = start("up", **environment)
        trunkd.wait_until(is_ready)
        file = tmp_path / "trunks.csv"
        file.write_text(HEADER + "\n".join(rows))
        ended = run_trunkd(
            "trunks", "import", str(file), "--environment", "default", "--verify", folder=tmp_path
        )
        assert ended.stdout == (
            "30 entered, each with a verification queued; 0 there already; 0 not usable.\n"
        )
        token = run_trunkd("token", "create", "--environment", "default", folder=tmp_path).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}

        def all_verified() -> bool:
            shown = http.get("/api/v1/sip-trunks?is_verified=true&limit=100", headers=headers)
            return len(shown.json()["data"]) == 30

        trunkd.wait_until(all_verified)
