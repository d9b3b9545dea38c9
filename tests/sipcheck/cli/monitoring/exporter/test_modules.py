"""The exporter's file of modules: what it means, and how what cannot be used is told."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck import HostPort, Proof, TransportName
from sipcheck.cli.main import app
from sipcheck.cli.monitoring.exporter.modules import read_modules

DEPLOYED = Path(__file__).parents[5] / "deploy" / "prometheus" / "modules.yml"


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "modules.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "secret")
    (module,) = read_modules(
        write(
            tmp_path,
            """
modules:
  all:
    targets: [sip.carrier.example, "192.0.2.1"]
    transport: tls
    port: 5081
    outbound_proxy: proxy.example:5061
    username: alice
    auth_username: bob
    password_env: PASSWORD
    realms: [carrier.example]
    proof: register
    timeout: 5
    min_interval: 30
    nameservers: ["192.0.2.53"]
    ca_file: /etc/ca.pem
    tls_strict: true
    allow_networks: [10.0.0.0/8]
    allow_ports: [99]
    source_address: 192.0.2.9
""",
        )
    ).values()
    assert list(module.targets) == ["sip.carrier.example", "192.0.2.1"]
    target = module.targets["192.0.2.1"]
    assert (target.domain, target.port, target.transport) == ("192.0.2.1", 5081, TransportName.TLS)
    assert target.outbound_proxy == HostPort("proxy.example", 5061)
    assert module.credentials is not None
    assert (module.credentials.username, module.credentials.digest_username) == ("alice", "bob")
    assert (module.credentials.password, module.credentials.realms) == ("secret", ("carrier.example",))
    assert (module.proof, module.timeout_seconds, module.min_interval_seconds) == (Proof.REGISTER, 5, 30)
    settings = module.settings
    assert settings.nameservers == (HostPort("192.0.2.53"),)
    assert (settings.ca_file, settings.tls_strict) == (Path("/etc/ca.pem"), True)
    assert settings.guard.allow_networks == (ip_network("10.0.0.0/8"),)
    assert settings.guard.allow_ports == {99}
    assert settings.source_address == "192.0.2.9"
    assert "secret" not in repr(module)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file None: Input should be a valid dictionary"),
        ("modules: {}", "modules: Dictionary should have at least 1 item"),
        ("modules: {a: {}}", "modules.a.targets: Field required"),
        ("modules: {a: {targets: []}}", "modules.a.targets: List should have at least 1 item"),
        (
            "modules: {a: {targets: [x], colour: red}}",
            "modules.a.colour 'red': Extra inputs are not permitted",
        ),
        ("modules: {a: {targets: [x], transport: sctp}}", "modules.a.transport 'sctp': Input should be"),
        (
            "modules: {a: {targets: [x], port: 0}}",
            "modules.a.port 0: Input should be greater than or equal to 1",
        ),
        ("modules: {a: {targets: [x], timeout: 0}}", "modules.a.timeout 0: Input should be greater than 0"),
        ("modules: {a: {targets: ['x y']}}", "module 'a': The target 'x y'"),
        ("modules: {a: {targets: ['sip:x:5060'], port: 5061}}", "module 'a': The target"),
        ("modules: {a b: {targets: [x]}}", "module 'a b': the name of a module is of letters"),
        ("modules: {a: {targets: [x], username: u}}", "username 'u' needs a password_env or a password_file"),
        ("modules: {a: {targets: [x], realms: [r]}}", "without username; add username"),
        (
            "modules: {a: {targets: [x], proof: register}}",
            "proof register proves credentials, and none are given",
        ),
        (
            "modules: {a: {targets: [x], allow_networks: [10.0.0.1/8]}}",
            "module 'a': 10.0.0.1/8 has host bits set",
        ),
        ("modules: {a: {targets: [x], nameservers: ['a b']}}", "module 'a': The address 'a b'"),
        ("modules: [", "is no YAML: "),
        ("modules: !!python/object:os.system {}", "is no YAML: "),
        ("\x00", "is no YAML: "),
    ],
)
def test_what_cannot_be_used_is_status_2_with_place_and_fault(text: str, said: str, tmp_path: Path) -> None:
    file = write(tmp_path, text)
    result = CliRunner().invoke(app, ["exporter", "--modules", str(file), "--check"])
    assert result.exit_code == 2, result.output
    assert str(file) in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("listen", "said"),
    [("localhost:1", "names no address"), ("127.0.0.1", "names no port"), ("127.0.0.1:x", "127.0.0.1:x")],
)
def test_where_to_listen(listen: str, said: str) -> None:
    result = CliRunner().invoke(app, ["exporter", "--modules", str(DEPLOYED), "--listen", listen])
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["exporter", "--modules", str(DEPLOYED), "--listen", "192.0.2.1:9713"])
    assert result.exit_code == 2
    assert "--listen '192.0.2.1:9713': Cannot assign requested address" in result.stderr


def test_the_deployed_file_is_one() -> None:
    result = CliRunner().invoke(app, ["exporter", "--modules", str(DEPLOYED), "--check"])
    assert (result.exit_code, result.stdout) == (0, "carrier: 1 target\n")
