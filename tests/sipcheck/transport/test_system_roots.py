"""The system's roots are read once, and again when they are others."""

import os
import ssl
from pathlib import Path

import pytest

from sipcheck.errors import SettingInvalid
from sipcheck.transport.system_roots import shared_context
from sipcheck.transport.tls import TlsContexts
from tests.peers.certificates import Certificates


@pytest.fixture
def roots(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the system trust the tests' authority alone."""
    file = tmp_path / "roots.pem"
    file.write_bytes(certificates.ca_file.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def test_all_engines_of_a_kind_share_them(roots: Path) -> None:
    one, strict = TlsContexts.create(), TlsContexts.create(strict=True)
    assert one.verifying is TlsContexts.create(compared=True).verifying
    assert strict.verifying is TlsContexts.create(strict=True).verifying
    assert one.verifying is not strict.verifying
    assert not one.verifying.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert strict.verifying.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert one.verifying.verify_mode is ssl.CERT_REQUIRED


def test_a_file_beside_them_is_trusted_by_whoever_named_it_alone(
    roots: Path, certificates: Certificates, tmp_path: Path
) -> None:
    usual = TlsContexts.create().verifying
    file = tmp_path / "ours.pem"
    file.write_bytes(certificates.ca_file.read_bytes())
    named = TlsContexts.create(ca_file=file).verifying
    assert named is TlsContexts.create(ca_file=file).verifying
    assert TlsContexts.create().verifying is usual
    assert TlsContexts.create(ca_file=certificates.ca_file).verifying is not named
    file.write_bytes(file.read_bytes() * 2)
    renewed = TlsContexts.create(ca_file=file).verifying
    file.write_bytes(b"no certificate")
    with pytest.raises(SettingInvalid, match="holds no usable certificate"):
        TlsContexts.create(ca_file=file)
    assert len({usual, named, renewed}) == 3


def test_roots_that_were_renewed_are_read_again(roots: Path) -> None:
    before = shared_context(ssl.create_default_context)
    assert shared_context(ssl.create_default_context) is before
    renewed = roots.with_suffix(".new")
    renewed.write_bytes(roots.read_bytes() * 2)
    os.replace(renewed, roots)
    assert shared_context(ssl.create_default_context) is not before


def test_another_systems_roots_are_others(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = shared_context(ssl.create_default_context)
    assert len(ours.get_ca_certs()) == 1
    monkeypatch.delenv("SSL_CERT_FILE")
    assert shared_context(ssl.create_default_context) is not ours
