"""After a full run no password, no token and no digest response stands anywhere but where it has to."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import create_engine, inspect, select, table, text

from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.process import OwnedProcess
from tests.peers.redis_server import RedisServer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import run_trunkd

HOST = "127.0.0.1"
WRONG = "wr0ng-s3cret-nobody-guesses"
TALKOVER, AUTOCALLS, BOLNA = (
    "/api/v1/sip-trunks",
    "/api/user/phone-numbers/sip-trunks",
    "/sip-trunks/trunks",
)


@contextmanager
def overheard(server: RedisServer, said: Path) -> Iterator[None]:
    """Write down every command that Redis is given."""
    listener = OwnedProcess(
        "redis-cli",
        ["-p", str(server.port), "monitor"],
        ready=lambda: "OK" in listener.log(),
        log_file=said,
    )
    with listener:
        yield


def unpacked(messages: str) -> str:
    """Add what stands in Base64, as the bodies of Celery's messages do."""
    bodies = [
        base64.b64decode(each) for each in re.findall(r'body[\\": ]+([A-Za-z0-9+/]{16,}={0,2})', messages)
    ]
    assert bodies
    return messages + "\n".join(body.decode(errors="replace") for body in bodies)


def stored(url: str) -> str:
    """Read every row of every table."""
    engine = create_engine(url)
    rows = []
    with engine.connect() as connection:
        for name in inspect(engine).get_table_names():
            found = connection.execute(select(text("*")).select_from(table(name))).all()
            rows += [repr([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in found]
    engine.dispose()
    return "\n".join(rows)


class Talk:
    """Speaks to the API and keeps every answer."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.answers: list[str] = []

    def __call__(self, method: str, url: str, body: object = None) -> httpx.Response:
        answer = self.http.request(method, url, json=body)
        assert answer.status_code < 500, answer.text
        self.answers += [answer.text, str(answer.headers)]
        return answer


def test_no_secret_is_found(
    start: Start,
    scaled_environment: dict[str, str],
    port: int,
    http: httpx.Client,
    is_ready: Callable[[], bool],
    kamailio_factory: Callable[..., Kamailio],
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    environment = {
        **scaled_environment,
        "TRUNKS_PORT": str(port),
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_VERIFY_TIMEOUT_SECONDS": "3",
        "TRUNKS_ADDRESS_RATE": "0",
    }
    assert run_trunkd("migrate", folder=tmp_path, **environment).returncode == 0
    run_trunkd("environment", "create", "acme", folder=tmp_path, **environment)
    made = run_trunkd("token", "create", "--environment", "acme", folder=tmp_path, **environment)
    token = made.stdout.strip()
    http.headers["Authorization"] = f"Bearer {token}"
    kamailio = kamailio_factory(domain=HOST)
    said = tmp_path / "said"
    with overheard(redis_server, said):
        parts = [start(part, **environment) for part in ("api", "worker", "beat")]
        parts[0].wait_until(is_ready)
        talk = Talk(http)
        speak_all_dialects(talk, kamailio.port)
        # Whatever they still had to say, they said it.
        assert [part.stop() for part in parts] == [0, 0, 0]
    places = {
        "store": stored(environment["TRUNKS_DATABASE_URL"]),
        "logs": "\n".join(part.out + part.err for part in parts),
        "messages": unpacked(said.read_text(errors="replace")),
        "answers": "\n".join(talk.answers),
    }
    assert all(places.values())
    assert "verification.run" in places["messages"]
    ha1 = digest_of_account(PASSWORD)
    for place, text_there in places.items():
        for secret in (PASSWORD, WRONG, token, token.removeprefix("trunks_"), ha1):
            assert secret not in text_there, f"{secret} in {place}"
        assert not re.search(r'response="[0-9a-f]{32,}"', text_there), place


def digest_of_account(password: str) -> str:
    """Give HA1, which is as good as the password (RFC 7616 §5.13): it must not stand anywhere either."""
    return hashlib.md5(f"{USERNAME}:{HOST}:{password}".encode(), usedforsecurity=False).hexdigest()


def speak_all_dialects(talk: Talk, sip_port: int) -> None:
    gateway = {"domain": HOST, "port": sip_port, "transport": "udp", "username": USERNAME}
    talkover = {"name": "Kamailio", "provider_name": "kamailio", **gateway}
    for password in (PASSWORD, WRONG):
        trunk = talk("POST", TALKOVER, {**talkover, "password": password}).json()["data"]["id"]
        verified = talk("POST", f"{TALKOVER}/{trunk}/verify").json()
        assert verified["success"] is (password == PASSWORD), verified
        for path in ("", "/verifications", "/events", "/health", "/dids"):
            talk("GET", f"{TALKOVER}/{trunk}{path}")
        talk("PUT", f"{TALKOVER}/{trunk}", {"password": password + "-changed", "port": 70000})
        talk("PUT", f"{TALKOVER}/{trunk}", {"password": password})
    talk("POST", f"{TALKOVER}/verify", {**talkover, "password": PASSWORD})
    talk("POST", TALKOVER, {**talkover, "password": {"nested": WRONG}, "name": ""})
    talk(
        "POST",
        BOLNA,
        {
            "name": "Kamailio",
            "provider": "kamailio",
            "auth_type": "userpass",
            "auth_username": USERNAME,
            "auth_password": PASSWORD,
            "gateways": [{"gateway_address": HOST, "port": sip_port}],
        },
    )
    talk(
        "POST",
        AUTOCALLS,
        {
            "sip_trunk_type": "extension",
            "phone_number": "1000",
            "sip_username": USERNAME,
            "sip_password": WRONG,
            "sip_address": HOST,
            "sip_calling_format": "+e164",
            "inbound_authorization_type": "auth",
            "country_code": "US",
        },
    )
    for url in (TALKOVER, AUTOCALLS, BOLNA, "/metrics", "/openapi.json"):
        talk("GET", url)
    (bolna, *_) = talk("GET", BOLNA).json()
    talk("POST", f"{BOLNA}/{bolna['id']}/verify")
