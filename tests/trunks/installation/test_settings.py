"""Wrong settings are refused with name, fault and fix; never with a traceback or a secret (docs/design/service.md)."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from sipcheck.target import HostPort
from tests.trunks.forms import SECRET_KEYS
from trunks.errors import SettingsInvalid
from trunks.installation.settings import load_settings, unknown_names
from trunks.rules.knock_limits import KnockLimits, KnockRules
from trunks.voice.provisioner import ProvisionerName


def test_defaults_are_those_of_the_contract() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path("var"))
    assert settings.store_url == "sqlite:///var/trunks.sqlite"
    assert settings.broker_url is None
    assert (settings.allow_networks, settings.allow_ports, settings.nameservers) == ((), frozenset(), ())
    assert (settings.from_user, settings.from_domain, settings.tls_strict) == ("trunk-check", None, False)
    assert (settings.verify_timeout_seconds, settings.verify_wait_seconds) == (10, 20)
    assert (settings.address_rate, settings.address_burst, settings.address_concurrency) == (4, 8, 4)
    assert (settings.failure_threshold, settings.recovery_threshold) == (3, 2)
    assert (settings.health_interval_seconds, settings.health_interval_floor_seconds) == (60, 30)
    assert (settings.probe_timeout_seconds, settings.proof_interval_seconds) == (5, 86_400)
    assert (settings.breaker_destinations, settings.canary_targets) == (10, ())
    assert not settings.require_proven_credentials
    assert (settings.provisioner, settings.fixed_egress) == (ProvisionerName.NONE, None)
    assert (settings.reconcile_interval_seconds, settings.provisioner_rate) == (300, 20)


def test_knocks_have_limits_and_names_have_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUNKS_KNOCKS")
    assert load_settings().knocks == KnockRules(KnockLimits(6, 30, 80), {})
    monkeypatch.setenv("TRUNKS_KNOCKS", "sip.carrier.example=0, pbx.example:5080=12/60/200")
    of_names = {"sip.carrier.example": None, "pbx.example:5080": KnockLimits(12, 60, 200)}
    assert load_settings().knocks == KnockRules(KnockLimits(6, 30, 80), of_names)


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
        ("TRUNKS_ALLOW_NAMES", "pbx.internal,10.0.0.1", "is an address"),
        ("TRUNKS_ALLOW_NAMES", "pbx.internal:5060", "has a port"),
        ("TRUNKS_ALLOW_PORTS", "70000", "65535"),
        ("TRUNKS_NAMESERVERS", "dns.example", "192.0.2.53"),
        ("TRUNKS_TLS_STRICT", "perhaps", "true or false"),
        ("TRUNKS_SIP_SOURCE_ADDRESS", "eth0", "192.0.2.10"),
        ("TRUNKS_SIP_ADVERTISED_ADDRESS", "host.example", "192.0.2.10"),
        ("TRUNKS_FROM_USER", "a b", "trunk-check"),
        ("TRUNKS_FROM_DOMAIN", "a:5060", "host alone"),
        ("TRUNKS_PROOF_NUMBER", "alice", "7 digits or more"),
        ("TRUNKS_PROOF_NUMBER", "+999000000000", "emergency number"),
        ("TRUNKS_PROOF_NUMBER", "+881612345678", "satellites"),
        ("TRUNKS_PROOF_NUMBER", "+112", "international form"),
        ("TRUNKS_KNOCKS", "6", "such as 6/30/80"),
        ("TRUNKS_KNOCKS", "sip.carrier.example=lots", "such as 6/30/80"),
        ("TRUNKS_KNOCKS", "6/30/80,not a name=0", "SIP URIs"),
        ("TRUNKS_VERIFY_TIMEOUT_SECONDS", "0", "up to 60 seconds"),
        ("TRUNKS_VERIFY_TIMEOUT_SECONDS", "inf", "up to 60 seconds"),
        ("TRUNKS_VERIFY_WAIT_SECONDS", "-1", "up to 300 seconds"),
        ("TRUNKS_FAILURE_THRESHOLD", "0", "from 1 to 100"),
        ("TRUNKS_RECOVERY_THRESHOLD", "0", "from 1 to 100"),
        ("TRUNKS_HEALTH_INTERVAL_SECONDS", "29", "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS"),
        ("TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS", "31", "up to 30 seconds"),
        ("TRUNKS_PROBE_TIMEOUT_SECONDS", "0", "up to 60 seconds"),
        ("TRUNKS_PROOF_INTERVAL_SECONDS", "3599", "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS"),
        ("TRUNKS_BREAKER_DESTINATIONS", "0", "from 1 to 1000000"),
        ("TRUNKS_CANARY_TARGETS", "sip:a.example,http://b", "sip:canary.example"),
        ("TRUNKS_ADDRESS_RATE", "-1", "0 for no pacing"),
        ("TRUNKS_ADDRESS_BURST", "0", "from 1 to 10000"),
        ("TRUNKS_ADDRESS_CONCURRENCY", "x", "0 for no limit"),
        ("TRUNKS_FIXED_EGRESS", "sip:egress.example", "egress.example:5060"),
        ("TRUNKS_FIXED_EGRESS", "egress.example:99999", "host[:port]"),
        ("TRUNKS_PROVISIONER", "asterisk", "none, or livekit"),
        ("TRUNKS_RECONCILE_INTERVAL_SECONDS", "0", "from 1 to 86400 seconds"),
        ("LIVEKIT_URL", "livekit.example", "https://project.example"),
        ("LIVEKIT_URL", "https://:7880", "https://project.example"),
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
    # Words of the libraries that read it.
    assert (
        re.search(r"Input should|valid (integer|number)|unable to parse|appear to be|host bits", line) is None
    )


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


def test_livekit_needs_its_address_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_PROVISIONER", "livekit")
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    with pytest.raises(SettingsInvalid) as fault:
        load_settings()
    assert str(fault.value) == (
        "TRUNKS_PROVISIONER is livekit, and LIVEKIT_URL, LIVEKIT_API_SECRET is not set. Set it, or use none."
    )


def test_livekits_own_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_PROVISIONER", "livekit")
    monkeypatch.setenv("TRUNKS_FIXED_EGRESS", "egress.example:5070")
    monkeypatch.setenv("LIVEKIT_URL", "wss://project.example")
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    Path(".env").write_text("LIVEKIT_API_SECRET=hunter2\n")
    settings = load_settings()
    api = settings.livekit_api()
    assert (api.url, api.key, api.secret) == ("wss://project.example", "key", "hunter2")
    assert settings.fixed_egress == HostPort("egress.example", 5070)
    assert "hunter2" not in repr(settings) + repr(api)


def test_lists_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKS_ALLOW_NETWORKS", "10.0.0.0/8, fd00::/8")
    monkeypatch.setenv("TRUNKS_ALLOW_PORTS", "53,8060")
    monkeypatch.setenv("TRUNKS_ALLOW_NAMES", "Corp.Internal, .")
    monkeypatch.setenv("TRUNKS_NAMESERVERS", "192.0.2.53,[2001:db8::53]:5353")
    settings = load_settings()
    guard = settings.engine_settings().guard
    assert guard.allow_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert guard.allow_ports == {53, 8060}
    assert guard.allow_names == ("corp.internal", ".")
    assert settings.nameservers == (HostPort("192.0.2.53"), HostPort("2001:db8::53", 5353))


def test_a_practice_carrier_is_let_through_by_every_guard_of_its_process() -> None:
    settings = load_settings().beside_practice_carrier("127.0.0.1", 5070)
    for guard in (settings.engine_settings().guard, settings.leading.guard):
        assert guard is not None
        assert guard.judge("127.0.0.1", 5070) is None
        assert guard.judge_host("127.0.0.1") is None
        assert guard.judge("127.0.0.1", 5071) is not None
        assert guard.judge_host("127.0.0.2") is not None
    assert load_settings().engine_settings().guard.judge_host("127.0.0.1") is not None


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


def test_a_lower_floor_lowers_the_others_with_it() -> None:
    settings = load_settings(
        health_interval_floor_seconds=3, health_interval_seconds=3, proof_interval_seconds=360
    )
    pace = settings.health_pace
    assert (pace.host_spacing_seconds, pace.proof_floor_seconds, pace.soon_seconds) == (1.5, 360, 3)
    assert pace.interval_of(1) == 3


def test_a_check_never_takes_longer_than_a_verification() -> None:
    assert load_settings(verify_timeout_seconds=2).check_timeout_seconds == 2
