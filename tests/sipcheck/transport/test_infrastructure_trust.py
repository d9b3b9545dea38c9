"""Certificates that calls would refuse by their names, held by what a real LiveKit did."""

import json
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sipcheck.transport.certificate import read_certificate
from sipcheck.transport.certificate_names import PresentedNames
from sipcheck.transport.infrastructure_trust import refused_name
from tests.livekit_contract.tls_scenarios import issue_all

RECORD = Path(__file__).parents[2] / "livekit_contract" / "recorded" / "tls.json"
HOST = "192.0.2.10"
# Refused for something else than their names.
OTHERWISE = {"expired", "for-clients", "unknown-root"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    issue_all(folder, HOST)
    return folder


def recorded() -> list[tuple[str, str, bool]]:
    """The certificate, the host it was shown for, and whether an INVITE came."""
    lines = [line for each in json.loads(RECORD.read_text())["answers"].values() for line in each]
    found: list[tuple[str, str, bool]] = []
    for line in lines:
        if match := re.fullmatch(r"# ([\w-]+) for (?:<sip:)?([^:;]*?)(?::\{port\})?(?:;.*)?", line):
            found.append((match[1], match[2].replace("{a}", HOST), False))
        elif "INVITE" in line:
            found[-1] = (*found[-1][:2], True)
    return [each for each in found if each[0] not in OTHERWISE]


@pytest.mark.parametrize(("name", "host", "taken"), recorded())
def test_a_real_livekit_did_so(certificates: Path, name: str, host: str, taken: bool) -> None:
    pem = (certificates / f"{name}.pem").read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert (refused_name(read_certificate(der).names, host) is None) == taken


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (PresentedNames((), ("carrier.example",), (), (), has_san=True), None),
        (PresentedNames((), ("Carrier.Example.",), (), (), has_san=True), None),
        (PresentedNames((), (), (), ("carrier.example",), has_san=False), "common-name"),
        (PresentedNames(("sip:carrier.example",), (), (), (), has_san=True), "name"),
        (PresentedNames((), ("*.example",), (), (), has_san=True), None),
        (PresentedNames((), ("*",), (), (), has_san=True), "name"),
    ],
)
def test_why_names_are_refused(names: PresentedNames, key: str | None) -> None:
    said = refused_name(names, "carrier.example")
    assert (None if said is None else said.key.rpartition(".")[2]) == key
