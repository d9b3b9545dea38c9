"""The console in two languages: by the browser, by a link, by a choice that the session keeps; no text left behind."""

from dataclasses import replace

import pytest

from sipcheck.diagnosis.sentences import render
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Outcome, Party, Reason
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import make_report

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

PORTUGUESE = {"accept-language": "pt-BR,pt;q=0.9"}
SENTENCES = (Sentence.of("tls-expired.summary", where="192.0.2.1:5061/tls"), Sentence("tls-expired.advice"))


async def expired(api: ApiUnderTest) -> str:
    trunk = api.store.make_trunk(name="Berlin")
    run = api.store.installation.runs.requests.request(api.store.caller, trunk.id)
    summary, advice = map(render, SENTENCES)
    report = make_report(Outcome.FAILED, Reason.TLS_EXPIRED, summary=summary)
    api.work(replace(report, advice=advice, sentences=SENTENCES, party=Party.CARRIER))(run)
    return f"/console/trunks/{trunk.id}"


async def test_pages_are_in_the_language_of_the_browser(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk = await expired(api)
    rows = (
        ("/console/trunks", "Troncos, primeiro os que precisam de alguém"),
        ("/console/trunks", "Não verificado"),
        (trunk, "O certificado de 192.0.2.1:5061/tls expirou."),
        (trunk, "Cabe à sua operadora agir."),
        (trunk, "Avise a operadora; envie a ela a data do relatório"),
        ("/console/trunks/new", "Seu próprio PABX"),
        ("/console/trunks/new/twilio", "Em Termination, escolha a URI de terminação do tronco"),
        ("/console/incidents", "Não houve nenhum incidente."),
        ("/console/carriers", "Aonde seus troncos levam"),
        (f"{trunk}/edit", "Em branco, fica como está."),
        (f"{trunk}/delete", "Excluir Berlin?"),
        (f"{trunk}/calls", "Nenhuma chamada foi feita ainda."),
        ("/console/nothing", "Não há nada aqui"),
    )
    for path, words in rows:
        answer = await visitor.open(path, **PORTUGUESE)
        assert words in visitor.text, path
        assert '<html lang="pt-BR">' in answer.text
        assert answer.headers["content-language"] == "pt-BR"
        assert answer.headers["vary"] == "Accept-Language"
        assert words not in (await visitor.open(path)).text
    assert "content-language" not in (await visitor.open("/console/assets/console.css", **PORTUGUESE)).headers


async def test_a_choice_is_kept_by_the_session_and_goes_before_the_browser(visitor: Visitor) -> None:
    await visitor.open("/console/incidents")
    assert 'value="pt-BR" lang="pt-BR">Português<' in visitor.page.text
    answer = await visitor.send("/console/language", language="pt-BR", next="/console/incidents")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/incidents")
    await visitor.open("/console/incidents", **{"accept-language": "en"})
    assert "Não houve nenhum incidente." in visitor.text
    # A link in another language is shown so, once.
    await visitor.open("/console/incidents?lang=en")
    assert "There was no incident." in visitor.text
    await visitor.open("/console/incidents")
    assert "Não houve nenhum incidente." in visitor.text
    for wrong in ("de", "", "../x"):
        answer = await visitor.send("/console/language", language=wrong, next="https://elsewhere.example/")
        assert answer.headers["location"] == "/console"
        await visitor.open("/console/incidents")
        assert "Não houve nenhum incidente." in visitor.text
    # Another session has its own.
    async with Visitor(visitor.api) as other:
        await other.sign_in()
        await other.open("/console/incidents")
        assert "There was no incident." in other.text


async def test_who_signs_in_in_a_language_stays_in_it(api: ApiUnderTest) -> None:
    async with Visitor(api) as visitor:
        await visitor.open("/console/sign-in?lang=pt-BR")
        assert 'name="language" value="pt-BR"' in visitor.page.text
        await visitor.send("/console/sign-in", token="wrong", language="pt-BR")
        assert "Este token não é conhecido" in visitor.text
        await visitor.send("/console/sign-in", token=visitor.new_token(), language="pt-BR")
        await visitor.open("/console/trunks")
        assert "Nenhum tronco ainda" in visitor.text


async def test_what_is_wrong_with_a_field_is_said(visitor: Visitor) -> None:
    await visitor.open("/console/trunks/new/pbx", **PORTUGUESE)
    fields = {"form_token": visitor.form_token, "form_id": "x", "port": "70000"}
    visitor.page = await visitor.client.post("/console/trunks/new/pbx/test", data=fields, headers=PORTUGUESE)
    assert "É obrigatório." in visitor.text
    assert "Tem de ser no máximo 65535." in visitor.text
