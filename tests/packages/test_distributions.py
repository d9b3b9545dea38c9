"""The two distributions: one version, the dependencies of the repository, and nothing of the service in the engine."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import sipcheck

ROOT = Path(__file__).parents[2]
PARTS = ("sipcheck", "trunkd")
# What is imported by another name than its distribution has.
NAMES = {
    "dns": "dnspython",
    "yaml": "pyyaml",
    "prometheus_client": "prometheus-client",
    "pydantic_core": "pydantic",
    "pydantic_settings": "pydantic-settings",
    "uuid_utils": "uuid-utils",
    "livekit": "livekit-api",
}
SERVICE = ("trunkd", "api", "trunks", "worker")
# Parts of what is declared: of celery, FastAPI, and LiveKit's client.
BROUGHT = {"kombu", "starlette", "anyio", "aiohttp", "google"}


def project(*place: str) -> dict[str, Any]:
    text = ROOT.joinpath(*place, "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9-]+", requirement)
    assert found is not None
    return found[0].lower()


def declared(part: str) -> set[str]:
    """The requirements of a distribution, its extras included."""
    extras = project("packages", part).get("optional-dependencies", {}).values()
    return {*project("packages", part)["dependencies"], *(each for extra in extras for each in extra)}


def test_one_version_for_all() -> None:
    versions = {project()["version"], *(project("packages", part)["version"] for part in PARTS)}
    assert len(versions) == 1
    assert f"sipcheck[exporter,fast]=={versions.pop()}" in project("packages", "trunkd")["dependencies"]


def test_the_repository_needs_what_its_distributions_need() -> None:
    together = {each for part in PARTS for each in declared(part) if name(each) != "sipcheck"}
    extras = (each for extra in project()["optional-dependencies"].values() for each in extra)
    assert {*project()["dependencies"], *extras} == together


def test_each_has_its_command() -> None:
    scripts = {key: value for part in PARTS for key, value in project("packages", part)["scripts"].items()}
    assert scripts == project()["scripts"]


def imported_by(*folders: str) -> set[str]:
    """The packages that the modules of these folders import, by the names of their distributions."""
    imported = set()
    for file in (each for folder in folders for each in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
                imported.add(node.module.partition(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"sipcheck", *SERVICE}
    return {NAMES.get(each, each) for each in others}


def test_the_engine_imports_what_it_declares_and_nothing_else() -> None:
    assert imported_by("sipcheck") <= {name(each) for each in declared("sipcheck")}


def test_the_service_imports_what_it_or_its_engine_declares() -> None:
    known = {name(each) for part in PARTS for each in declared(part)}
    assert imported_by(*SERVICE) - known == BROUGHT


@pytest.mark.parametrize("part", PARTS)
def test_what_is_built_in_is_there(part: str) -> None:
    built = tomllib.loads((ROOT / "packages" / part / "pyproject.toml").read_text(encoding="utf-8"))
    included = built["tool"]["hatch"]["build"]["targets"]["sdist"]["force-include"]
    assert all((ROOT / "packages" / part / source).exists() for source in included)
    assert (ROOT / "packages" / part / built["project"]["readme"]).is_file()
    assert (ROOT / "sipcheck" / "py.typed").is_file()


@dataclass(frozen=True, slots=True)
class Wheel:
    """What a wheel holds, and what it asks for."""

    names: frozenset[str]
    requires: frozenset[str]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Wheel]:
    """Both wheels, each built from its sdist, as `make dist` does it, without an environment for it."""
    return {part: _build(part, tmp_path_factory.mktemp(part)) for part in PARTS}


def _build(part: str, folder: Path) -> Wheel:
    sdist = next(SdistBuilder(str(ROOT / "packages" / part)).build(directory=str(folder)))
    with tarfile.open(sdist) as archive:
        # Before 3.11.4 there is no filter to name, and since 3.14 it is this one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder / "source")  # noqa: S202 - we made it ourselves
    (source,) = (folder / "source").iterdir()
    built = next(WheelBuilder(str(source)).build(directory=str(folder), versions=["standard"]))
    with zipfile.ZipFile(built) as wheel:
        (metadata,) = (each for each in wheel.namelist() if each.endswith("METADATA"))
        said = message_from_bytes(wheel.read(metadata))
        return Wheel(frozenset(wheel.namelist()), frozenset(said.get_all("Requires-Dist", [])))


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_has_one_name_at_the_top(part: str, wheels: dict[str, Wheel]) -> None:
    top = {name.partition("/")[0] for name in wheels[part].names}
    version = project()["version"]
    assert top == {part, f"{part}-{version}.dist-info"}


@pytest.mark.parametrize(
    ("folder", "part", "place"),
    [
        ("sipcheck", "sipcheck", "sipcheck"),
        ("trunkd", "trunkd", "trunkd"),
        *((room, "trunkd", f"trunkd/_rooms/{room}") for room in ("api", "trunks", "worker")),
    ],
)
def test_every_file_of_a_folder_is_in_its_wheel(
    folder: str, part: str, place: str, wheels: dict[str, Wheel]
) -> None:
    """Templates, stylesheets and data as well as modules."""
    sources = (file for file in (ROOT / folder).rglob("*") if file.is_file() and file.suffix != ".pyc")
    expected = {f"{place}/{file.relative_to(ROOT / folder).as_posix()}" for file in sources}
    assert not expected - wheels[part].names


def test_a_wheel_asks_for_what_its_project_declares(wheels: dict[str, Wheel]) -> None:
    for part in PARTS:
        asked = {name(each) for each in wheels[part].requires}
        assert asked == {name(each) for each in declared(part)}
    service = {"fastapi", "celery", "sqlalchemy", "psycopg", "redis", "jinja2", "uvicorn", "alembic"}
    assert not service & {name(each) for each in wheels["sipcheck"].requires}


def test_names_and_their_types_are_the_same() -> None:
    stub = ast.parse((ROOT / "sipcheck" / "__init__.pyi").read_text(encoding="utf-8"))
    typed = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {key: f"sipcheck.{home}" for key, home in sipcheck._HOMES.items()}  # type: ignore[attr-defined]
    assert sorted(typed) == sorted(sipcheck.__all__)
    assert all(getattr(sipcheck, key) is not None for key in sipcheck.__all__)
    assert set(sipcheck.__all__) <= set(dir(sipcheck))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        sipcheck.nothing  # type: ignore[attr-defined]  # noqa: B018 - asked for, to fail


def test_the_version_is_told_before_anything_is_loaded() -> None:
    told = (
        "import sys; sys.argv = ['sipcheck', '--version']; from sipcheck.cli.start import main; main(); "
        "late = {'dns', 'typer', 'pydantic', 'asyncio', 'cryptography'}; "
        "print({name.partition('.')[0] for name in sys.modules} & late)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=ROOT)
    assert re.fullmatch(r"sipcheck \d+\.\d+\.\d+\nset\(\)\n", done.stdout)


def test_every_link_of_llms_txt_leads_to_a_file() -> None:
    text = (ROOT / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).is_file()]
    assert text.startswith("# ")


UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


@pytest.mark.peers
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit_and_finds_it_hardened(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8")
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    for command in (["verify", str(copy)], ["security", "--offline=true", "--threshold=20", str(copy)]):
        done = subprocess.run(
            ["systemd-analyze", "--no-pager", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("form", ["whl", "tar.gz"])
def test_each_is_installed_into_an_empty_environment(form: str, tmp_path: Path) -> None:
    """Builds both, installs from wheel or sdist, and runs the first command of each."""
    dist, python = tmp_path / "dist", tmp_path / "venv" / "bin" / "python"
    for part in PARTS:
        _run(sys.executable, "-m", "build", "--outdir", str(dist), str(ROOT / "packages" / part))
    _run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    (engine,) = dist.glob(f"sipcheck-*.{form}")
    (service,) = dist.glob(f"trunkd-*.{form}")
    _run(str(python), "-m", "pip", "install", "--quiet", str(engine))
    packages = _run(str(python), "-m", "pip", "list", "--format=freeze").split()
    brought = [each for each in packages if not each.startswith(("pip==", "setuptools==", "sipcheck=="))]
    assert len(brought) <= 18, brought
    assert _run(str(python.with_name("sipcheck")), "--version").startswith("sipcheck ")
    assert "alive" in _verified_by(str(python))
    _run(str(python), "-m", "pip", "install", "--quiet", "--find-links", str(dist), str(service))
    installed = {path.name for path in python.parents[1].glob("lib/python*/site-packages/*")}
    assert not installed & {"trunks", "api", "worker"}
    assert "Keeps customers' SIP trunks verified" in _run(str(python.with_name("trunkd")), "--help")


_VERIFY = """
import asyncio
from ipaddress import ip_network
from sipcheck import EngineSettings, Guard, Target, TransportName, verify
from sipcheck.carrier.server import PracticeCarrier

async def main():
    async with PracticeCarrier() as carrier:
        guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
        target = Target(domain="127.0.0.1", port=carrier.udp_port, transport=TransportName.UDP)
        print((await verify(target, settings=EngineSettings(guard=guard))).reason)

asyncio.run(main())
"""


def _verified_by(python: str) -> str:
    return _run(python, "-c", _VERIFY)


def _run(*command: str) -> str:
    """Run outside of the repository, so that what is installed is what is found."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
