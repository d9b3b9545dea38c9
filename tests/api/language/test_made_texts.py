"""Every sentence that the domain makes as text has a form that is known, and is said in Portuguese with its values."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trunks.errors
from api.language.languages import Language, speak
from api.language.made_texts import MADE_TEXTS, said
from tests.api.client import BODY, ApiUnderTest

ROOT = Path(trunks.errors.__file__).parent.parent
# Where sentences for a customer are made as text; those of errors are their docstrings.
SOURCES = (
    "trunks/rules/outbound_way.py",
    "trunks/rules/forbidden_host.py",
    "trunks/rules/whole_trunk.py",
    "trunks/rules/incidents.py",
    "trunks/rules/what_changed.py",
    "trunks/catalog/shown_way.py",
    "trunks/runs/calls/requests.py",
)
# Refused is what answers are made of; these are said on the command line alone.
OF_COMMANDS = ("Refused", "MaintenanceNotFound", "EnvironmentNotFound", "EnvironmentExists", "TokenNotFound")


@pytest.fixture(autouse=True)
def spoken_to() -> Iterator[None]:
    speak(Language.PORTUGUESE)
    yield
    speak(Language.ENGLISH)


def form_of(text: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", text)


def made_in(path: str) -> Iterator[str]:
    """The texts of several words in a source, with their values left out."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not {id(node)} & (inside | docstrings)
        ):
            yield form_of(node.value)


def refusals() -> Iterator[str]:
    for name, kind in vars(trunks.errors).items():
        is_refusal = isinstance(kind, type) and issubclass(kind, trunks.errors.Refused)
        if is_refusal and name not in OF_COMMANDS and kind.__init__ is trunks.errors.TrunksError.__init__:
            yield str(kind())


@pytest.mark.parametrize("path", SOURCES)
def test_every_sentence_of_a_source_has_its_form(path: str) -> None:
    known = {form_of(each) for each in MADE_TEXTS}
    sentences = {each for each in made_in(path) if each.endswith(".") and each.count(" ") > 2}
    assert sentences
    # An f-string may take a word from a list: such a form stands for several.
    missing = {each for each in sentences - known if not any(fits(each, form) for form in known)}
    assert missing == set()


def fits(made: str, form: str) -> bool:
    pattern = re.escape(made).replace(re.escape("{}"), ".+?")
    return re.fullmatch(pattern, form) is not None


@pytest.mark.parametrize("sentence", list(refusals()))
def test_every_refusal_is_said(sentence: str) -> None:
    assert said(sentence) != sentence


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        (
            "Calls go to 192.0.2.1:5060/udp, which was verified.",
            "As chamadas vão para 192.0.2.1:5060/udp, que foi verificado.",
        ),
        (
            "Calls go to 192.0.2.1, port 5060 over UDP, which did not answer; verify the trunk.",
            "As chamadas vão para 192.0.2.1, porta 5060 por UDP, que não respondeu; verifique o tronco.",
        ),
        (
            "a.example and b.example have not answered our checks since 2026-03-01 10:00:00 UTC (no-response).",
            "a.example e b.example não respondem às nossas verificações desde 2026-03-01 10:00:00 UTC (no-response).",
        ),
        (
            "The number +14155550123 is already registered in your environment.",
            "O número +14155550123 já está cadastrado no seu ambiente.",
        ),
        ("It must be at most 65535.", "Tem de ser no máximo 65535."),
        ("It must be one of: udp, tcp, tls.", "Tem de ser um de: udp, tcp, tls."),
        ("What nobody has translated {so} far.", "What nobody has translated {so} far."),
        ("", ""),
    ],
)
def test_values_stay_in_their_places(english: str, portuguese: str) -> None:
    assert said(english) == portuguese


def test_a_long_text_of_no_form_costs_little() -> None:
    text = "Calls may go to " + "which, ; and " * 400
    assert said(text) == text


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_refusals_and_ways_over_http(api: ApiUnderTest) -> None:
    """In the domain's words they are said, and say so; what a vendor documents stays as it is."""
    asks = {"Accept-Language": "pt-BR"}
    found = await api.client.get("/api/v1/sip-trunks/018f0000-0000-7000-8000-000000000000", headers=asks)
    assert (found.status_code, found.json()["message"]) == (404, "Tronco SIP não encontrado.")
    assert found.headers["content-language"] == "pt-BR"
    vendor = await api.client.get("/sip-trunks/trunks/999", headers=asks)
    assert (vendor.status_code, vendor.headers["content-language"]) == (404, "en")
    assert "not found" in vendor.text
    speak(Language.ENGLISH)
    created = await api.client.post("/api/v1/sip-trunks", json=BODY, headers=asks)
    assert created.status_code == 202 or created.json()["success"]
