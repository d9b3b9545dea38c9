"""Dataclasses as groups of options: typer shows and reads each field as an option of its own."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from sipcheck.cli.option_groups import with_option_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    host: Annotated[str, typer.Option(help="Whom to greet.")] = "nobody"
    port: Annotated[int | None, typer.Option(metavar="N")] = None


app = typer.Typer()


@app.command()
@with_option_groups
def greet(*, word: str, where: Where, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    """Greet somebody."""
    typer.echo(f"{word} {where.host}:{where.port} {loud}")


def test_a_group_takes_its_defaults_and_what_is_given() -> None:
    assert CliRunner().invoke(app, ["hello"]).output == "hello nobody:None False\n"
    given = ["hello", "--port", "5060", "--loud", "--host", "carrier"]
    assert CliRunner().invoke(app, given).output == "hello carrier:5060 True\n"


def test_help_lists_the_options_where_the_group_stands() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    assert "Greet somebody." in text
    assert "Whom to greet." in text
    assert text.index("--host") < text.index("--port") < text.index("--loud")


def test_a_wrong_value_is_refused_by_the_name_of_its_option() -> None:
    refused = CliRunner().invoke(app, ["hello", "--port", "x"])
    assert refused.exit_code == 2
    assert "--port" in refused.output
