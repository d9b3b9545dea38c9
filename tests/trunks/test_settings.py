"""Wrong settings are refused with name, fault and fix; never with a traceback or a secret (SERVICE.md)."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from sipcheck.target import HostPort
from tests.trunks.forms import SECRET_KEYS
from trunks.errors import SettingsInvalid
from trunks.settings import load_settings, unknown_names


def test_defaults_are_those_of_the_contract() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path("var"))
    assert settings.store_url == "sqlite:///var/trunks.sqlite"
    assert settings.broker_url is None
    assert (settings.allow_networks, settings.allow_ports, settings.nameservers) == ((), frozenset(), ())
    assert (settings.from_user, settings.from_domain, settings.tls_strict) == ("trunk-check", None, False)
    assert (settings.verify_timeout_seconds, settings.verify_wait_seconds) == (10, 20)
    assert (settings.address_rate, settings.address_burst, settings.address_concurrency) == (4, 8, 4)
    assert settings.failure_threshold == 3
    assert not settings.require_proven_credentials


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TRUNKS_PORT", "99999", "'99999'"),
        ("TRUNKS_PORT", "http", "from 1 to 65535"),
        ("TRUNKS_DATABASE_URL", "mysql://h/x", "postgresql+psycopg://"),
        ("TRUNKS_DATABASE_URL", "postgres://h/x", "postgresql+psycopg://"),
        ("TRUNKS_DATABASE_URL", "sqlite://", "SQLite needs a file"),
        ("TRUNKS_DATABASE_URL", "nonsense", "postgresql+psycopg://"),
        ("TRUNKS_BROKER_URL", "http://h", "redis://host:6379/0"),
        ("TRUNKS_BROKER_URL", "redis://h:nan", "redis://host:6379/0"),
        ("TRUNKS_SECRET_KEYS", "k1", "id:base64"),
        ("TRUNKS_SECRET_KEYS", "k1:AAAA", "3 bytes"),
        ("TRUNKS_SECRET_KEYS", f"{SECRET_KEYS},{SECRET_KEYS}", "same id"),
        ("TRUNKS_ALLOW_NETWORKS", "10.0.0.1/8", "10.0.0.0/8"),
        ("TRUNKS_ALLOW_NETWORKS", "lab", "CIDRs"),
        ("TRUNKS_ALLOW_PORTS", "53,x", "'x'"),
        ("TRUNKS_ALLOW_PORTS", "70000", "65535"),
        ("TRUNKS_NAMESERVERS", "dns.example", "192.0.2.53"),
        ("TRUNKS_TLS_STRICT", "perhaps", "true or false"),
        ("TRUNKS_SIP_SOURCE_ADDRESS", "eth0", "192.0.2.10"),
        ("TRUNKS_SIP_ADVERTISED_ADDRESS", "host.example", "192.0.2.10"),
        ("TRUNKS_FROM_USER", "a b", "trunk-check"),
        ("TRUNKS_FROM_DOMAIN", "a:5060", "host alone"),
        ("TRUNKS_VERIFY_TIMEOUT_SECONDS", "0", "up to 60 seconds"),
        ("TRUNKS_VERIFY_TIMEOUT_SECONDS", "inf", "up to 60 seconds"),
        ("TRUNKS_VERIFY_WAIT_SECONDS", "-1", "up to 300 seconds"),
        ("TRUNKS_FAILURE_THRESHOLD", "0", "from 1 to 100"),
        ("TRUNKS_ADDRESS_RATE", "-1", "0 for no pacing"),
        ("TRUNKS_ADDRESS_BURST", "0", "from 1 to 10000"),
        ("TRUNKS_ADDRESS_CONCURRENCY", "x", "0 for no limit"),
    ],
)
def test_a_wrong_setting_is_named_with_its_fault_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as fault:
        load_settings()
    (line,) = str(fault.value).splitlines()
    assert line.startswith(f"{name}: ")
    assert told in line


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_PORT", "0")
    monkeypatch.setenv("TRUNKS_NAMESERVERS", "x")
    with pytest.raises(SettingsInvalid) as fault:
        load_settings()
    assert [line.partition(":")[0] for line in str(fault.value).splitlines()] == [
        "TRUNKS_PORT",
        "TRUNKS_NAMESERVERS",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUNKS_DATABASE_URL", "postgres://u:hunter2@h/x"),
        ("TRUNKS_BROKER_URL", "http://:hunter2@h"),
        ("TRUNKS_SECRET_KEYS", "k1:hunter2"),
    ],
)
def test_a_fault_shows_no_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as fault:
        load_settings()
    assert "hunter2" not in str(fault.value)
    assert fault.value.__suppress_context__


def test_settings_show_no_secret() -> None:
    settings = load_settings(
        database_url="postgresql+psycopg://u:hunter2@h/x",
        broker_url="redis://:hunter2@h",
        secret_keys=SECRET_KEYS,
    )
    assert "hunter2" not in repr(settings)
    assert SECRET_KEYS not in repr(settings)


def test_postgresql_needs_keys() -> None:
    with pytest.raises(SettingsInvalid, match="TRUNKS_SECRET_KEYS is not set, and PostgreSQL needs it"):
        load_settings(database_url="postgresql+psycopg://u@h/x")


def test_lists_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_ALLOW_NETWORKS", "10.0.0.0/8, fd00::/8")
    monkeypatch.setenv("TRUNKS_ALLOW_PORTS", "53,8060")
    monkeypatch.setenv("TRUNKS_NAMESERVERS", "192.0.2.53,[2001:db8::53]:5353")
    settings = load_settings()
    guard = settings.engine_settings(allow_endpoints=frozenset({("127.0.0.1", 5070)})).guard
    assert guard.allow_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert guard.allow_ports == {53, 8060}
    assert guard.allow_endpoints == {("127.0.0.1", 5070)}
    assert settings.nameservers == (HostPort("192.0.2.53"), HostPort("2001:db8::53", 5353))


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TRUNKS_PORT=9001\nTRUNKS_FROM_USER=probe\n")
    monkeypatch.setenv("TRUNKS_PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.from_user) == (9002, "probe")


def test_an_env_file_that_is_no_text_is_refused() -> None:
    Path(".env").write_bytes(b"TRUNKS_PORT=\xff\xfe")
    with pytest.raises(SettingsInvalid, match=r"\.env: it cannot be read"):
        load_settings()


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_BROKER_URL", "")
    assert load_settings().broker_url is None


def test_misspelled_names_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_PORT", "9001")
    monkeypatch.setenv("TRUNKS_PROT", "9001")
    assert unknown_names() == ("TRUNKS_PROT",)
