"""Commands whose errors and warnings are single lines."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

# The library's messages name Python's arguments: layout='long' is --layout long here.
ARGUMENT = re.compile(r"\b(run|time|channels|label|layout)=(?:'(\w+)')?")


class Commands(TyperGroup):
    """The commands, with errors and warnings as single lines."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _lines_for_warnings():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                typer.echo("interrupted", err=True)
                raise typer.Exit(130) from None
            except BrokenPipeError:
                raise  # whoever read our output has seen enough: typer ends quietly
            except OSError as error:
                what = "write the output" if error.filename is None else f"use {error.filename!r}"
                _say_error(f"cannot {what}: {error.strerror or error}")
            except MemoryError as error:
                _say_error(f"not enough memory ({error}): lower n_timesteps or hidden_dims")
            except (ValueError, ModuleNotFoundError) as error:
                _say_error(str(error))
        raise typer.Exit(2)


def _say_error(text: str) -> None:
    typer.echo(f"error: {_as_line(text)}", err=True)


def _as_line(text: str) -> str:
    return ARGUMENT.sub(_as_option, " ".join(text.splitlines()))


def _as_option(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"--{name} {value}" if value else f"--{name}"


@contextmanager
def _lines_for_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: typer.echo(
            f"warning: {_as_line(str(message))}", err=True
        )
        yield
