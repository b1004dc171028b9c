"""Usage errors in gpunet's own words: what was wanted and what was given.

Typer finds the mistakes; its own sentences and those of its parsing library are never shown.
"""

from __future__ import annotations

import re
from typing import Any

from gpunet.config import SETTINGS
from gpunet.config.setting import suggestion

__all__ = ["in_own_words", "wanted"]

MOVED = {
    "--find-lr": "gpunet find-lr",
    "--explain-plan": "gpunet explain",
    "--show-shader": "gpunet explain --shader PASS",
    "--profile": "gpunet profile",
    "--print-config": "gpunet config",
}
"""Former options of `gpunet train`, and the commands that replaced them."""

KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def in_own_words(error: Any) -> str:
    """Rephrase an error of Typer in one sentence, with what to do.

    Args:
        error: a ``typer.TyperException``.
    """
    kind = type(error).__name__
    context: Any = getattr(error, "ctx", None)
    path = "gpunet" if context is None else context.command_path
    if kind == "NoSuchOption":
        return _unknown_option(error.option_name, context, path)
    if kind == "BadOptionUsage":
        lacks = "requires" in error.message
        says = "needs a value; give one after it" if lacks else "takes no value; leave it out"
        return f"{error.option_name} {says}"
    if kind == "MissingParameter":
        return f"{_name(error.param, context)} is missing; see `{path} -h`"
    if kind == "BadParameter" and error.param is not None:
        return _bad_value(error, context)
    if unknown := re.search(r"No such command '(.*?)'", error.message):
        known = context.command.commands
        advice = suggestion(unknown[1], known) or f"; `{path} -h` lists the commands"
        return f"{unknown[1]!r} is no command of `{path}`{advice}"
    if extra := re.search(r"unexpected extra argument.*\((.*)\)", error.message):
        return f"{extra[1]!r} is more than `{path}` takes; see `{path} -h`"
    return f"{error.format_message()}; see `{path} -h`"


def wanted(parameter: Any) -> str:
    """The valid values of an option or argument in words; empty if any text is valid."""
    kind = parameter.type_descriptor
    if kind.choices is not None:
        return f"one of {', '.join(map(str, kind.choices))}"
    row, words = SETTINGS.get(parameter.name), KINDS.get(kind.annotation, "")
    if row is not None and row.bounds is not None:
        bounds = str(row.bounds).removeprefix("a number ")
    elif parameter.min is None:
        return words
    elif parameter.max is None:
        bounds = f"{parameter.min:,} or more"
    else:
        bounds = f"from {parameter.min:,} to {parameter.max:,}"
    return f"{words} {'of ' if bounds[0].isdigit() else ''}{bounds}"


def _unknown_option(name: str, context: Any, path: str) -> str:
    if name in MOVED:
        return f"this option is a command of its own now: `{MOVED[name]}`"
    options = [
        one
        for parameter in (context.command.params if context else ())
        if parameter.param_type_name == "option" and not parameter.hidden
        for one in (*parameter.opts, *parameter.secondary_opts)
        if one.startswith("--")
    ]
    advice = suggestion(name, options) or f"; `{path} --help` lists all"
    return f"`{path}` has no option {name}{advice}"


def _bad_value(error: Any, context: Any) -> str:
    parameter, cause = error.param, error.__cause__
    if cause is None or not hasattr(cause, "errors"):
        return f"{_name(parameter, context)}: {error.message}"
    value = str(cause.errors()[0]["input"])
    choices = parameter.type_descriptor.choices
    advice = suggestion(value, map(str, choices)) if choices else ""
    shown = value if re.fullmatch(r"-?[\d.]+", value) else repr(value)
    return f"{_name(parameter, context)} is {shown:.60}, wanted {wanted(parameter)}{advice}"


def _name(parameter: Any, context: Any) -> str:
    """The name of a parameter as the user gave it: an argument, an option or a variable."""
    source = context and context.get_parameter_source(parameter.name)
    if source and source.name == "ENVIRONMENT":
        return str(parameter.envvar)
    if parameter.param_type_name == "argument":
        return str(parameter.metavar).split()[-1].strip("[.]")
    return str(next((one for one in parameter.opts if one.startswith("--")), parameter.opts[0]))
