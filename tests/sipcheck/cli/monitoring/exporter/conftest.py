"""One exporter for all tests of this folder, with practice carriers of several kinds behind it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sipcheck.carrier.faults import Fault
from tests.peers.exporter import ExporterPeer
from tests.peers.practice import PracticePeer
from tests.peers.udp_peer import UdpPeer, silent

RIGHT, WRONG = "demo-password", "battery staple"


@dataclass(frozen=True, slots=True)
class Scene:
    """The exporter, its carriers, and the target of each module by the module's name."""

    exporter: ExporterPeer
    carriers: dict[str, PracticePeer]
    targets: dict[str, str]

    def probe(self, module: str, **headers: str) -> tuple[int, str]:
        return self.exporter.probe(module, self.targets[module], **headers)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("exporter")
    with ExitStack() as stack:

        def carrier(*faults: Fault) -> PracticePeer:
            return stack.enter_context(PracticePeer(faults))

        carriers = {
            "right": carrier(Fault.EXPIRING_CERTIFICATE),
            "wrong": carrier(),
            "kept": carrier(),
            "slow": carrier(Fault.SLOW),
        }
        deaf = stack.enter_context(UdpPeer(silent))
        right = carriers["right"].running
        by_tls = f"sip:127.0.0.1:{right.tls_port};transport=tls"
        targets = {
            name: f"sip:127.0.0.1:{peer.running.udp_port};transport=udp" for name, peer in carriers.items()
        } | {"right": by_tls, "deaf": f"sip:127.0.0.1:{deaf.port};transport=udp"}
        demo = {"username": "demo", "password_file": str(_secret(folder, RIGHT))}
        wrong = {"username": "demo", "password_file": str(_secret(folder, WRONG))}
        further: dict[str, dict[str, Any]] = {
            "right": {**demo, "ca_file": str(right.ca_file), "min_interval": 0},
            "wrong": {**wrong, "min_interval": 0},
            "kept": demo,
            "slow": {"min_interval": 0},
            "deaf": {"timeout": 1, "min_interval": 3600},
        }
        modules = {
            name: {"targets": [target], "allow_networks": ["127.0.0.0/8"], **further[name]}
            for name, target in targets.items()
        }
        file = folder / "modules.yml"
        file.write_text(json.dumps({"modules": modules}), encoding="utf-8")
        exporter = stack.enter_context(ExporterPeer(file, folder / "state"))
        yield Scene(exporter, carriers, targets)


def _secret(folder: Path, password: str) -> Path:
    file = folder / password.replace(" ", "-")
    file.write_text(password, encoding="utf-8")
    return file
