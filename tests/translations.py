"""The catalogues of api/language: gathered from the sources, brought up to date and compiled by `make translations`."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from api.language.catalogs import DOMAIN, catalog_folder
from api.language.domain_texts import DOMAIN_TEXTS
from api.language.languages import Language
from api.language.made_texts import MADE_TEXTS
from sipcheck.diagnosis.sentences import TEMPLATES
from trunks.catalog.carrier_presets import carrier_presets

API = Path(__file__).parent.parent / "api"
LANGUAGES = [each for each in Language if each is not Language.ENGLISH]

_METHODS = [
    ("**.py", "python"),
    ("shared_page/**.html", "jinja2.ext:babel_extract"),
    ("console/**.html", "jinja2.ext:babel_extract"),
]
_KEYWORDS = {"_": None, "marked": None, "translated": None}


def gathered() -> Catalog:
    """All that is to be translated: the engine's sentences by their keys, then the texts of the service."""
    catalog = Catalog(domain=DOMAIN, project=DOMAIN, copyright_holder="the authors")
    for key, template in TEMPLATES.items():
        if has_words(template):
            catalog.add(template, context=key)
    found = extract_from_dir(str(API), method_map=_METHODS, keywords=_KEYWORDS)
    for text in (
        *DOMAIN_TEXTS,
        *MADE_TEXTS,
        *preset_texts(),
        *sorted({str(text) for _, _, text, _, _ in found}),
    ):
        catalog.add(text)
    return catalog


def preset_texts() -> Iterator[str]:
    """What is to be read of carriers: names that say more than a name, forms of hosts, and what is to be done there."""
    for preset in carrier_presets():
        if preset.source is None:
            yield preset.name
        yield from preset.checklist
        if preset.host_form is not None:
            yield preset.host_form


def has_words(template: str) -> bool:
    """Whether more stands in a template than values and the signs between them."""
    return any(character.isalpha() for text, *_ in Formatter().parse(template) for character in text)


def po_path(language: Language) -> Path:
    return API / "language" / catalog_folder(language) / f"{DOMAIN}.po"


def read(language: Language) -> Catalog:
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"), domain=DOMAIN)


def up_to_date(catalog: Catalog) -> Catalog:
    """Enter what is new, as untranslated or fuzzy, and drop what is gone; the moments in the header stay."""
    new = gathered()
    new.creation_date = catalog.creation_date
    catalog.update(new)
    catalog.obsolete.clear()
    return catalog


def written(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=110, no_location=True, ignore_obsolete=True)
    return file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def unfinished(catalog: Catalog) -> Iterator[Message]:
    """What nobody has translated, or looked at since its English was changed."""
    return (each for each in catalog if each.id and (each.fuzzy or not each.string))


def main() -> None:
    """Bring every catalogue up to date and compile it; say what is left to translate."""
    for language in LANGUAGES:
        catalog = up_to_date(read(language))
        po_path(language).write_bytes(written(catalog))
        po_path(language).with_suffix(".mo").write_bytes(compiled(catalog))
        for message in unfinished(catalog):
            print(f"{language}: to be translated: {message.context or ''} {message.id}")


if __name__ == "__main__":
    main()
