"""The language of answers: chosen, told, and spoken in every dialect; what vendors document stays as it is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.language.languages import Language, wanted_language
from sipcheck.diagnosis.details import warn
from sipcheck.diagnosis.sentences import render
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import CredentialState, Outcome, Reason, WarningCode
from sipcheck.report.model import Check, CheckName, CheckState, Report
from tests.api.client import BODY, ApiUnderTest
from tests.api.test_evidence import real_reports, run_with
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings
from trunks.models.verification import Verification

URL = "/api/v1/sip-trunks"
PORTUGUESE = {"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.8"}
EN, PT = Language.ENGLISH, Language.PORTUGUESE
ON_SQLITE = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

SENTENCES = (
    Sentence.of("tls-expired.summary", where="192.0.2.1:5061/tls"),
    Sentence("tls-expired.advice"),
)
SUMMARY = "O certificado de 192.0.2.1:5061/tls expirou."
ADVICE = "Peça à operadora que instale um certificado renovado."
WARNING = "o certificado expira em 3 dias, em 2026-03-04"
DETAIL = "a chave dele é RSA de 1024 bits"


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(
        update={"verify_wait_seconds": 2.0, "public_url": "https://sip.platform.example"}
    )


def expired(reason: Reason = Reason.TLS_EXPIRED, status: int | None = None) -> Report:
    key = Sentence.of("certificate.key", key=Sentence.of("certificate.key.rsa", bits=1024))
    report = make_report(Outcome.FAILED, reason, credentials=CredentialState.NOT_TESTED)
    warning = warn(
        WarningCode.CERTIFICATE_EXPIRES_SOON,
        Sentence.of("warning.certificate-expires-soon", days=3, date="2026-03-04"),
    )
    return replace(
        report,
        summary=render(SENTENCES[0]),
        advice=render(SENTENCES[1]),
        sentences=SENTENCES,
        warnings=(warning,),
        checks=(
            Check(CheckName.TLS, CheckState.FAILED, "x", "its own key is RSA of 1024 bits", None, (key,)),
        ),
    )


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", EN),
        ("", "pt-BR", PT),
        ("", "pt", PT),
        ("", "PT-br", PT),
        ("", "pt-PT", PT),
        ("", "pt_BR", PT),
        ("", "de, pt;q=0.5", PT),
        ("", "en, pt", EN),
        ("", "pt;q=0.3, en-GB;q=0.4", EN),
        ("", "en;q=0.3, pt;q=0.4", PT),
        ("", "en;q=0, pt;q=0.1", PT),
        ("", "pt;q=0", EN),
        ("", "*", EN),
        ("", "de", EN),
        ("", "pt;q=x, en;q=y", EN),
        ("", "pt;q=nan", EN),
        ("", "pt;q=1e9", EN),
        ("", "," * 5000 + "pt", EN),
        ("", "ptx", EN),
        ("", "\xff\xfe", EN),
        ("lang=pt-BR", "en", PT),
        ("lang=en", "pt", EN),
        ("lang=pt", "", PT),
        ("lang=de", "pt", PT),
        ("lang=", "pt", PT),
        ("lang=%FF%00", "", EN),
        ("lang=de&lang=pt", "", PT),
        ("async=true&lang=pt-BR", "", PT),
    ],
)
def test_the_language_that_is_asked_for(query: str, header: str, language: Language) -> None:
    scope = {
        "type": "http",
        "query_string": query.encode(),
        "headers": [(b"accept-language", header.encode("latin-1"))],
    }
    assert wanted_language(scope) is language


async def test_a_verdict_is_said_in_the_language_of_whoever_reads_it(api: ApiUnderTest) -> None:
    """By whoever verified in English, in every answer of every dialect; on both engines, since lists read a column."""
    trunk_id, run_id = await run_with(api, expired())
    bolna = (await api.client.get("/sip-trunks/trunks")).json()[0]["id"]
    run = f"{URL}/{trunk_id}/verifications/{run_id}"
    rows: list[tuple[str, Callable[[Any], Any]]] = [
        (f"{URL}/{trunk_id}", lambda body: body["data"]["last_verification"]),
        (f"{URL}/{trunk_id}/verifications", lambda body: body["data"][0]),
        (run, lambda body: body["data"]),
        (run, lambda body: body["data"]["report"]),
        ("/sip-trunks/trunks", lambda body: body[0]["last_verification"]),
        (f"/sip-trunks/trunks/{bolna}", lambda body: body["last_verification"]),
        ("/api/user/phone-numbers/sip-trunks", lambda body: body["data"][0]["last_verification"]),
    ]
    for path, of in rows:
        english, portuguese = [await get(api, path, headers) for headers in ({}, PORTUGUESE)]
        assert of(english)["summary"] == "The certificate of 192.0.2.1:5061/tls has expired.", path
        assert (of(portuguese)["summary"], of(portuguese)["advice"]) == (SUMMARY, ADVICE), path
        assert (await get(api, f"{path}?lang=pt-BR", {})) == portuguese
    report = (await get(api, run, PORTUGUESE))["data"]["report"]
    assert [each["detail"] for each in (*report["warnings"], *report["checks"])] == [WARNING, DETAIL]


async def get(api: ApiUnderTest, path: str, headers: dict[str, str]) -> Any:
    answer = await api.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    told = (answer.headers["Content-Language"], answer.headers["Vary"])
    assert told == ("pt-BR" if headers or "lang=" in path else "en", "Accept-Language")
    return answer.json()


@ON_SQLITE
async def test_whoever_waits_is_answered_in_his_language(api: ApiUnderTest) -> None:
    made = await api.create()
    api.on_ring = api.work(expired())
    verified = (await api.client.post(f"{URL}/{made['id']}/verify", headers=PORTUGUESE)).json()["data"]
    assert (verified["error"], verified["advice"]) == (SUMMARY, ADVICE)
    assert [each["detail"] for each in verified["warnings"]] == [WARNING]
    tried = (await api.client.post(f"{URL}/verify?lang=pt-BR", json=BODY)).json()["data"]
    assert (tried["error"], tried["report"]["summary"]) == (SUMMARY, SUMMARY)
    bolna = (await api.client.get("/sip-trunks/trunks")).json()[0]["id"]
    shown = (await api.client.post(f"/sip-trunks/trunks/{bolna}/verify", headers=PORTUGUESE)).json()
    assert (shown["advice"], shown["last_verification"]["summary"]) == (ADVICE, SUMMARY)


@ON_SQLITE
@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.CREDENTIALS_REJECTED, "Authentication failed (401)"),
        (Reason.REGISTRATION_FORBIDDEN, "Authentication failed (401)"),
        (Reason.NO_RESPONSE, "Connection timeout"),
        (Reason.CONNECTION_TIMEOUT, "Connection timeout"),
    ],
)
async def test_what_the_vendor_documents_stays_as_documented(
    api: ApiUnderTest, reason: Reason, error: str
) -> None:
    made = await api.create()
    api.on_ring = api.work(expired(reason))
    answer = await api.client.post(f"{URL}/{made['id']}/verify", headers=PORTUGUESE)
    assert (answer.json()["data"]["error"], answer.json()["data"]["advice"]) == (error, ADVICE)


@ON_SQLITE
async def test_refusals_say_in_which_language_they_are(api: ApiUnderTest) -> None:
    """In the domain's own words they are said; what a vendor documents, and what comes before any rule, is English."""
    rows = [
        (f"{URL}/nothing", "pt-BR"),
        (f"{URL}?limit=x", "en"),
        ("/sip-trunks/trunks/nothing", "en"),
        ("/api/user/phone-numbers/sip-trunks/0", "en"),
    ]
    for path, language in rows:
        answer = await api.client.get(path, headers=PORTUGUESE)
        assert (answer.headers["Content-Language"], answer.headers["Vary"]) == (
            language,
            "Accept-Language",
        ), path
        assert answer.status_code in (404, 422)
        assert ("não encontrado" in answer.text) is (language == "pt-BR")
    assert "Content-Language" not in (await api.client.get("/metrics", headers=PORTUGUESE)).headers


@ON_SQLITE
async def test_a_kept_answer_comes_again_in_the_language_of_the_first(api: ApiUnderTest) -> None:
    made = await api.create()
    api.on_ring = api.work(expired())
    path, key = f"{URL}/{made['id']}/verify", {"Idempotency-Key": "k1"}
    first = await api.client.post(path, headers=key | PORTUGUESE)
    again = await api.client.post(path, headers=key)
    assert (again.content, again.headers["Content-Language"]) == (first.content, "pt-BR")
    assert SUMMARY in again.text


@ON_SQLITE
async def test_what_a_former_version_stored_is_said_as_it_stands(api: ApiUnderTest) -> None:
    """Of its list the English alone is known; its report has the sentences, unless it is older still."""
    trunk_id, run_id = await run_with(api, expired())
    unknown = {"key": "gone.summary", "parameters": {}}
    for sentences, summary in ((None, SUMMARY), ([unknown, unknown], "The certificate of")):
        with api.store.installation.database.write() as session:
            run = session.query(Verification).one()
            run.sentences = sentences
        listed = (await get(api, f"{URL}/{trunk_id}/verifications", PORTUGUESE))["data"][0]["summary"]
        assert listed.startswith("The certificate of")
        one = (await get(api, f"{URL}/{trunk_id}/verifications/{run_id}", PORTUGUESE))["data"]
        assert one["summary"].startswith(summary)


@pytest.mark.peers
@ON_SQLITE
async def test_the_shared_page_speaks_portuguese(api: ApiUnderTest) -> None:
    by_udp, _ = await real_reports()
    trunk_id, run_id = await run_with(api, by_udp)
    made = await api.client.post(f"{URL}/{trunk_id}/verifications/{run_id}/share")
    path = made.json()["data"]["url"].removeprefix("https://sip.platform.example")
    english, portuguese, asked = [
        await api.client.get(url, headers={"Authorization": "", **headers})
        for url, headers in ((path, {}), (path, PORTUGUESE), (f"{path}?lang=pt-BR", {}))
    ]
    assert (english.headers["Content-Language"], portuguese.headers["Content-Language"]) == ("en", "pt-BR")
    assert portuguese.text == asked.text
    assert '<html lang="pt-BR">' in portuguese.text
    for said in ("O tronco funciona", "aceitou o usuário e a senha", "O que foi verificado", "enviada"):
        assert said in portuguese.text
    for said in ("The trunk works", "What was checked", "For the carrier", "This link opens", "times in UTC"):
        assert (said in english.text, said in portuguese.text) == (True, False)
    gone = await api.client.get(f"/r/{'A' * 43}", headers=PORTUGUESE | {"Authorization": ""})
    assert (gone.status_code, "Este link não abre nada" in gone.text) == (404, True)
    assert gone.headers["Content-Language"] == "pt-BR"
