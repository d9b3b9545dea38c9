"""schemathesis over the OpenAPI document: what is declared is what is answered."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.api.http_thread import HttpThread
from tests.trunks.forms import Store, make_report
from trunks.installation.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
# How many examples each operation is called with, and within which time; schemathesis's own cases come on top.
FEW, MANY = (3, 900.0), (200, 7200.0)
HOW_MANY = [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.long)]
COLLECTIONS = {
    "talkover": "/api/v1/sip-trunks",
    "autocalls": "/api/user/phone-numbers/sip-trunks",
    "bolna": "/sip-trunks/trunks",
}

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# All checks, in all phases: no server error, no undeclared status, header, content type or shape, no wrong input
# that is taken, no call without a token, nothing that outlives its deletion. One is told more than it would know:
# right by the schema may still be 422, or bolna's 400, since no JSON schema says what is a host, a number or a cursor.
CONFIGURATION = """
hooks = "fresh_keys.py"

[auth.openapi.HTTPBearer]
bearer = "{token}"

[generation]
max-examples = {examples}
no-shrink = true

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422"]

"""

# Something to be shown and changed; what is deleted is found by the calls themselves.
FOUND = """
[[operations]]
include-tag = "{tag}"
exclude-method = "DELETE"
parameters = {{ "path.trunk_id" = "{trunk_id}", "path.verification_id" = "{verification_id}" }}
"""

# A key that was drawn twice would be refused, and the call behind it not be reached
# (tests/api/middleware/test_idempotency.py).
FRESH_KEYS = """
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and key.isalnum() and key.isascii() and len(key) <= 219:
        case.headers["Idempotency-Key"] = key + str(uuid.uuid4())
"""


class TestedApi(ApiUnderTest):
    """Plays a worker that finds every trunk working."""

    __test__ = False

    def ring(self, verification_id: UUID, *, on_demand: bool = False) -> None:
        claim = self.store.claim(verification_id)
        if claim is not None:
            self.store.finish(claim, make_report())
            self.app.state.context.waiter.notify(verification_id)


@pytest.fixture
def served(make_store: Callable[[Settings], Store], store_settings: Settings) -> Iterator[httpx.Client]:
    """Serve the API, and give a client with a token that may make many requests."""
    store = make_store(store_settings.model_copy(update={"verify_wait_seconds": 0.5}))
    tenants = store.installation.tenancy.tenants
    tenants.create_environment("tested", requests_per_minute=1_000_000)
    headers = {"Authorization": f"Bearer {tenants.create_token('tested')}"}
    with (
        HttpThread(TestedApi(store).app) as server,
        httpx.Client(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        yield client


def found_of(client: httpx.Client, tag: str) -> str:
    """Make what a dialect's operations find, and configure it."""
    collection = COLLECTIONS[tag]
    trunk_id, run = make_trunk(client, collection), {}
    if tag == "talkover":
        run = client.post(f"{collection}/{trunk_id}/verify").json()["data"]
    return FOUND.format(tag=tag, trunk_id=trunk_id, verification_id=run.get("verification_id"))


def make_trunk(client: httpx.Client, collection: str) -> str:
    """Make a trunk of the document's own example, and give its id."""
    document = client.get("/openapi.json").json()
    content = document["paths"][collection]["post"]["requestBody"]["content"]["application/json"]
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    answer = client.post(collection, json=schema["example"])
    assert answer.status_code == 201, answer.text
    return str(answer.json().get("data", answer.json())["id"])


def run_schemathesis(
    client: httpx.Client,
    folder: Path,
    tags: list[str],
    phases: str,
    how_many: tuple[int, float],
    configuration: str = "",
) -> None:
    examples, within_seconds = how_many
    token = client.headers["Authorization"].removeprefix("Bearer ")
    file = folder / "schemathesis.toml"
    file.write_text(CONFIGURATION.format(token=token, examples=examples) + configuration)
    (folder / "fresh_keys.py").write_text(FRESH_KEYS)
    ran = subprocess.run(
        [
            *(PROGRAM, "--config-file", str(file), "run", f"{client.base_url}/openapi.json"),
            *("--checks", "all", "--phases", phases),
            *(option for tag in tags for option in ("--include-tag", tag)),
            *("--continue-on-failure", "--seed", "1"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=within_seconds,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# One run for several tags: what schemathesis needs to begin is as long as what it does for one of them.
@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize("tags", [["talkover"], ["autocalls", "bolna", "operation"]], ids=",".join)
def test_what_is_declared_is_what_is_answered(
    served: httpx.Client, tmp_path: Path, tags: list[str], how_many: tuple[int, float]
) -> None:
    found = "".join(map(partial(found_of, served), COLLECTIONS.keys() & tags))
    run_schemathesis(served, tmp_path, tags, "examples,coverage,fuzzing", how_many, found)


@pytest.mark.parametrize("how_many", HOW_MANY)
def test_it_holds_from_one_call_to_the_next(
    served: httpx.Client, tmp_path: Path, how_many: tuple[int, float]
) -> None:
    run_schemathesis(served, tmp_path, list(COLLECTIONS), "stateful", how_many)


def test_each_operation_is_of_a_part_that_is_tested(served: httpx.Client) -> None:
    paths = served.get("/openapi.json").json()["paths"]
    tags = {tuple(operation["tags"]) for operations in paths.values() for operation in operations.values()}
    assert tags == {("talkover",), ("autocalls",), ("bolna",), ("operation",)}
