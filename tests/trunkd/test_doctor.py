"""`trunkd doctor`: a line for each thing, with the fault and the mend, and a status."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import run_trunkd
from tests.trunkd.prepared import prepare_store
from tests.trunks.forms import SECRET_KEYS
from trunkd.doctor.checks import CheckFailed, disk
from trunks.installation.settings import load_settings
from trunks.secrets.keys import KEY_FILE_NAME


def examine(folder: Path, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = run_trunkd("doctor", "--json", folder=folder, **environment)
    assert done.stderr == ""
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {finding["check"]: finding for finding in findings}


def marks(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What is not well."""
    return {check: finding["mark"] for check, finding in findings.items() if finding["mark"] != "ok"}


def test_a_healthy_installation(tmp_path: Path, nameservers: dict[str, str]) -> None:
    prepare_store(tmp_path, {})
    status, findings = examine(tmp_path, **nameservers)
    assert (status, marks(findings)) == (0, {})
    assert list(findings) == [
        "settings",
        "data-dir",
        "disk",
        "keys",
        "store",
        "secrets",
        "rows",
        "numbers",
        "knocks",
        "clock",
        "broker",
        "worker",
        "voice",
        "calls",
        "sides",
        "writes",
        "dns",
        "egress-ipv4",
        "egress-ipv6",
    ]
    lines = run_trunkd("doctor", folder=tmp_path, **nameservers).stdout.splitlines()
    assert len(lines) == len(findings)
    assert lines[0] == "ok      settings      all are understood."


def test_a_fresh_machine_is_told_to_migrate(tmp_path: Path, nameservers: dict[str, str]) -> None:
    status, findings = examine(tmp_path, **nameservers)
    assert status == 1
    assert marks(findings) == dict.fromkeys(
        ("data-dir", "keys", "store", "secrets", "rows", "numbers", "knocks"), "failed"
    )
    assert all("trunkd migrate" in findings[check]["mend"] for check in ("data-dir", "store"))
    assert not (tmp_path / "var").exists()  # it looks, and makes nothing


def test_each_fault_has_its_line(tmp_path: Path, nameservers: dict[str, str]) -> None:
    prepare_store(tmp_path, {})
    (tmp_path / "var").chmod(0o755)
    (tmp_path / "var" / KEY_FILE_NAME).chmod(0o644)
    status, findings = examine(
        tmp_path,
        **nameservers
        | {
            "TRUNKS_NAMESERVERS": f"127.0.0.1:{free_port('127.0.0.1')}",
            "TRUNKS_SIP_SOURCE_ADDRESS": "192.0.2.1",
            "TRUNKS_BROKER_URL": f"redis://:hunter2@127.0.0.1:{free_port('127.0.0.1')}/0",
            "TRUNKS_PROT": "1",
        },
    )
    assert status == 1
    assert marks(findings) == {
        "settings": "warning",
        "data-dir": "failed",
        "keys": "failed",
        "secrets": "failed",
        "broker": "failed",
        "worker": "failed",
        "dns": "failed",
        "egress-ipv4": "failed",
    }
    assert "TRUNKS_PROT" in findings["settings"]["detail"]
    assert all(finding["mend"] for finding in findings.values() if finding["mark"] != "ok")
    assert "hunter2" not in json.dumps(findings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder to another user")
def test_root_is_told_that_he_sees_nothing_of_what_the_service_may(
    tmp_path: Path, nameservers: dict[str, str]
) -> None:
    prepare_store(tmp_path, {})
    os.chown(tmp_path / "var", 65534, 65534)
    status, findings = examine(tmp_path, **nameservers)
    assert (status, findings["data-dir"]["mark"]) == (0, "warning")
    assert "belongs to user 65534" in findings["data-dir"]["detail"]


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "told"),
    [
        (0o700, 0o600, None),
        (0o755, 0o600, None),
        (0o700, 0o644, "can be read by others (mode 0644)"),
        (0o777, 0o600, "can be written by others (mode 0777)"),
    ],
)
def test_a_store_in_a_place_of_its_own_is_looked_at_there(
    folder_mode: int, file_mode: int, told: str | None, tmp_path: Path, nameservers: dict[str, str]
) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir(mode=0o700)
    file = place / "store.sqlite"
    environment = nameservers | {"TRUNKS_DATABASE_URL": f"sqlite:///{file}"}
    prepare_store(tmp_path, environment)
    file.chmod(file_mode)
    place.chmod(folder_mode)
    found = examine(tmp_path, **environment)[1]["data-dir"]
    assert found["mark"] == ("ok" if told is None else "failed"), found
    assert told is None or told in found["detail"]
    keyed = examine(tmp_path, **environment, TRUNKS_SECRET_KEYS=SECRET_KEYS)[1]["data-dir"]
    assert keyed["mark"] == found["mark"]


def test_room_is_looked_for_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full mount under the store's file is told, whatever room there is beside it."""
    asked: list[Path] = []

    def full(folder: Path) -> tuple[int, int, int]:
        asked.append(folder)
        return shutil._ntuple_diskusage(4 * 1024**2, 2 * 1024**2, 2 * 1024**2)

    monkeypatch.setattr(shutil, "disk_usage", full)
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/store.sqlite", secret_keys=SECRET_KEYS)
    with pytest.raises(CheckFailed, match="2 MiB free of 4"):
        disk(settings)
    assert asked == [tmp_path]


def test_settings_that_cannot_be_read_are_the_only_lines(tmp_path: Path) -> None:
    status, findings = examine(tmp_path, TRUNKS_PORT="x")
    assert (status, marks(findings)) == (1, {"settings": "failed"})
    assert "TRUNKS_PORT: 'x'" in findings["settings"]["detail"]


def test_the_scaled_form_wants_a_worker(
    tmp_path: Path, scaled_environment: dict[str, str], nameservers: dict[str, str], start: Start
) -> None:
    environment = scaled_environment | nameservers
    prepare_store(tmp_path, environment)
    status, findings = examine(tmp_path, **environment)
    assert (status, marks(findings)) == (1, {"worker": "failed"})
    worker = start("worker", **environment)
    worker.wait_until(lambda: examine(tmp_path, **environment)[0] == 0)
    _, findings = examine(tmp_path, **environment)
    assert findings["clock"]["detail"] == "it agrees with the database's."


def test_another_installations_keys_are_told(tmp_path: Path, nameservers: dict[str, str]) -> None:
    prepare_store(tmp_path, {})
    file = tmp_path / "var" / KEY_FILE_NAME
    status, findings = examine(tmp_path, **nameservers)
    assert status == 0
    file.unlink()
    status, findings = examine(tmp_path, **nameservers)
    assert marks(findings) == {"keys": "failed", "secrets": "failed"}


def livekit_settings(server: LiveKitServer, **given: str) -> dict[str, str]:
    return {
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": server.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        **given,
    }


def test_livekit_is_asked_and_nothing_is_changed_there(tmp_path: Path, nameservers: dict[str, str]) -> None:
    """A table of what befalls it, over one server; the settings and the clock are put right after each."""
    prepare_store(tmp_path, {})
    with LiveKitServer() as server:
        settings = livekit_settings(server) | nameservers
        status, findings = examine(tmp_path, **settings)
        assert (status, marks(findings)) == (0, {})
        assert findings["voice"]["detail"] == f"LiveKit at {server.url} answers, and takes the key."
        met = {}
        met["key"] = examine(tmp_path, **settings | {"LIVEKIT_API_SECRET": "hunter2" * 6})
        server.seconds_ahead = -20.0
        met["clock"] = examine(tmp_path, **settings)
        server.seconds_ahead = -90.0
        server.fail(Fault.KEY_REFUSED)
        met["clock-refused"] = examine(tmp_path, **settings)
        server.heal()
        server.fail(Fault.WEB_PAGE)
        met["nonsense"] = examine(tmp_path, **settings)
        server.heal()
        assert server.changes() == []
    met["down"] = examine(tmp_path, **settings)
    told = {name: (status, marks(findings), findings["voice"]) for name, (status, findings) in met.items()}
    assert {name: (status, mark) for name, (status, mark, _) in told.items()} == {
        name: (0, {"voice": "warning"}) if name == "clock" else (1, {"voice": "failed"}) for name in met
    }
    assert "refuses the key" in told["key"][2]["detail"]
    assert "LIVEKIT_API_SECRET" in told["key"][2]["mend"]
    assert "hunter2" not in json.dumps(told["key"][2])
    assert re.search(r"2[01] s behind ours", told["clock"][2]["detail"])
    assert re.search(r"9[01] s behind ours", told["clock-refused"][2]["detail"])
    assert all("NTP" in told[name][2]["mend"] for name in ("clock", "clock-refused"))
    assert "LIVEKIT_URL" in told["nonsense"][2]["detail"]
    assert "cannot be reached" in told["down"][2]["detail"]
