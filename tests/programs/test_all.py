"""What all programs have in common, whatever their workload."""

from __future__ import annotations

from importlib import import_module

import click
import pytest
from click.testing import CliRunner, Result

import impls

each_program = pytest.mark.parametrize("workload", impls.workloads())


def run(workload: str, *arguments: str) -> Result:
    program: click.Command = import_module(f"programs.{workload}").main
    return CliRunner().invoke(program, list(arguments))


@each_program
def test_its_help_has_examples_that_call_it_and_the_options_of_all(workload: str) -> None:
    told = run(workload, "--help")
    assert told.exit_code == 0
    assert told.stdout.count(f"python -m programs.{workload}") >= 3
    assert "Examples:" in told.stdout
    for option in ("--model NAME", "--models", "--timeline", "--svg FILE"):
        assert option in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80


@each_program
def test_it_lists_its_models_with_their_titles(workload: str) -> None:
    told = run(workload, "--models")
    assert told.exit_code == 0
    words = " ".join(told.stdout.split())
    for model in impls.models(workload):
        assert model.name in words
        assert model.title.split()[-1] in words


@each_program
def test_what_it_does_not_know_is_refused_in_a_sentence(workload: str) -> None:
    for arguments in (["--model=nobody"], ["--no-such-option"], ["--svg=no/such/folder/x.svg"]):
        told = run(workload, *arguments)
        assert told.exit_code == 2, arguments
        assert told.stderr.startswith("Error: ")
        assert len(told.stderr.splitlines()) == 1


@each_program
def test_a_model_that_cannot_run_here_says_why(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(workload: str, model: str) -> impls.Run:
        raise impls.Unavailable("needs another world")

    monkeypatch.setattr(impls, "load", unavailable)
    model = impls.models(workload)[0].name
    told = run(workload, f"--model={model}")
    assert told.exit_code == 2
    assert told.stderr == f"Error: {model} cannot run here: needs another world\n"


@each_program
def test_a_model_that_is_nearly_right_is_told(workload: str) -> None:
    model = impls.models(workload)[0].name
    told = run(workload, f"--model={model}x")
    assert told.stderr.startswith("Error: ")  # and no lines about usage before it
    assert f"there is no model {model}x; {model}" in told.stderr
    assert "--models lists them" in told.stderr
