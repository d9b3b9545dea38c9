"""`trunkd environment …` and `trunkd token …`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from trunkd.commands.lines import row, words
from trunkd.commands.opened_installation import opened_installation
from trunks.errors import TokenNotFound
from trunks.ids import read_id
from trunks.rules.phone_numbers import is_country
from trunks.tenancy.tenants import DEFAULT_MAX_NUMBERS, DEFAULT_REQUESTS_PER_MINUTE, Tenants

environment_commands = typer.Typer(help="Tenants.", no_args_is_help=True)
token_commands = typer.Typer(help="Bearer tokens of tenants.", no_args_is_help=True)


@contextmanager
def _tenants() -> Iterator[Tenants]:
    with opened_installation() as installation:
        yield installation.tenancy.tenants


@environment_commands.command("create")
def create_environment(
    name: Annotated[str, typer.Argument(help="A name of your choice, up to 255 characters.")],
    allow_custom_sip_trunks: Annotated[
        bool, typer.Option(help="Whether the plan includes custom SIP trunks.")
    ] = True,
    rate_limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Requests a minute for each token.")
    ] = DEFAULT_REQUESTS_PER_MINUTE,
    shared_asking: Annotated[
        bool,
        typer.Option(
            help="Whether its proven accounts may ask for the health of carriers for other tenants, too."
        ),
    ] = True,
    max_numbers: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="Phone numbers that its trunks have at most.")
    ] = DEFAULT_MAX_NUMBERS,
    allow_test_calls: Annotated[
        bool, typer.Option("--allow-test-calls", help="Whether its trunks may make test calls, which ring.")
    ] = False,
    call_countries: Annotated[
        str, typer.Option(metavar="DE,AT", help="Whither; else the countries of its numbers.")
    ] = "",
) -> None:
    """Make a tenant."""
    name = words(name, "NAME", needed=True)
    countries = _countries(call_countries)
    with _tenants() as tenants:
        environment = tenants.create_environment(
            name,
            allow_custom_sip_trunks=allow_custom_sip_trunks,
            requests_per_minute=rate_limit,
            shares_asking=shared_asking,
            max_numbers=max_numbers,
            allow_test_calls=allow_test_calls,
            call_countries=countries,
        )
        print(environment.id)


@environment_commands.command("update")
def update_environment(
    name: Annotated[str, typer.Argument(help="As environment list shows it.")],
    allow_test_calls: Annotated[
        bool | None,
        typer.Option(
            "--allow-test-calls/--forbid-test-calls",
            help="Whether its trunks may make test calls, which ring.",
        ),
    ] = None,
    call_countries: Annotated[
        str | None, typer.Option(metavar="DE,AT", help='Whither; "" for the countries of its numbers.')
    ] = None,
) -> None:
    """Say whether a tenant may make test calls, and to which countries."""
    if allow_test_calls is None and call_countries is None:
        raise typer.BadParameter("nothing is to be changed; give --allow-test-calls or --call-countries")
    countries = None if call_countries is None else _countries(call_countries)
    with _tenants() as tenants:
        tenants.change_calls(name.strip(), allow_test_calls=allow_test_calls, call_countries=countries)


def _countries(text: str) -> list[str]:
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in codes:
        if not is_country(code):
            raise typer.BadParameter(
                f"{code!r} is no country; give two letters each (ISO 3166), such as DE,AT",
                param_hint="--call-countries",
            )
    return codes


@environment_commands.command("list")
def list_environments() -> None:
    """List the tenants: id, name, whether custom trunks are allowed, requests a minute, who its accounts ask for."""
    with _tenants() as tenants:
        for environment in tenants.environments():
            allowed = "custom-trunks" if environment.allow_custom_sip_trunks else "no-custom-trunks"
            asking = "shared-asking" if environment.shares_asking else "own-asking"
            print(row(environment.id, environment.name, allowed, environment.requests_per_minute, asking))


@token_commands.command("create")
def create_token(
    environment: Annotated[str | None, typer.Option(help="The tenant that the token speaks for.")] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="It shows all of the tenant's, and changes nothing.")
    ] = False,
    operator: Annotated[
        bool, typer.Option("--operator", help="It opens the operator's pages alone, and is of no tenant.")
    ] = False,
) -> None:
    """Make a token and print it, this once."""
    if operator and (read_only or environment is not None):
        raise typer.BadParameter(
            "it is of no tenant, and changes nothing; give it alone, or without it an --environment",
            param_hint="--operator",
        )
    if not operator and environment is None:
        raise typer.BadParameter(
            "give the tenant that the token speaks for, or --operator", param_hint="--environment"
        )
    label = words(label, "--label")
    with _tenants() as tenants:
        if environment is None:
            print(tenants.create_operator_token(label=label))
        else:
            print(tenants.create_token(environment, label=label, read_only=read_only))


@token_commands.command("list")
def list_tokens() -> None:
    """List the tokens: id, environment (- for an operator's), state, label, scope.

    A token itself is not kept anywhere.
    """
    with _tenants() as tenants:
        for token in tenants.tokens():
            state = "standing" if token.revoked_at is None else "revoked"
            environment = "-" if token.environment is None else token.environment.name
            print(row(token.id, environment, state, token.label, token.scope))


@token_commands.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As token list shows it.")],
) -> None:
    """Make a token useless from now on."""
    with _tenants() as tenants:
        found = read_id(token_id)
        if found is None:
            raise TokenNotFound(f"{token_id!r} is no token id; trunkd token list shows them.")
        tenants.revoke_token(found)
