"""Options as values: a command takes a dataclass, and typer sees an option for each of its fields."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from inspect import Parameter
from typing import Any, get_type_hints


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let typer see the fields of a command's dataclasses in their place; each has a default and typer's notes."""
    hints = get_type_hints(command, include_extras=True)
    parameters = inspect.signature(command).parameters
    groups: dict[str, type] = {name: hints[name] for name in parameters if is_dataclass(hints[name])}
    shown: list[Parameter] = []
    for name, parameter in parameters.items():
        if name in groups:
            shown += _options(groups[name])
        else:
            shown.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name]))

    @functools.wraps(command)
    def grouping(**given: Any) -> None:
        values = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **given)

    # What typer reads in place of the command's own.
    grouping.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    grouping.__annotations__ = {each.name: each.annotation for each in shown}
    return grouping


def _options(group: type) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]
