"""Pages for people, made of templates: everything that is put into one is escaped."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from api.language.catalogs import translated


def make_templates(*packages: str) -> Environment:
    """Load the templates of these packages, the first that has one; `_` says a text in the answer's language."""
    pages = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in packages]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals["_"] = translated
    return pages
