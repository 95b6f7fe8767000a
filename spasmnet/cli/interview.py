"""The command `interview`: a conversation in a terminal, or on piped input, that is kept in a file and never lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spasmnet.cli.options import EPILOG, compile_model, model_options, open_model, print_json
from spasmnet.errors import SpasmnetError
from spasmnet.inference.engine import Engine

if TYPE_CHECKING:
    from spasmnet.voi.interview import Step

Pairs = list[tuple[str, Any]]


@click.command(epilog=EPILOG)
@model_options
@click.option(
    "--file", "file", metavar="FILE.json", help="Keep the answers here, after every answer, and go on from it."
)
@click.option("--report", "report", metavar="FILE.md|.json", multiple=True, help="Write the report; may be repeated.")
@click.option("--target", "targets", metavar="NAME", multiple=True, help="Ask about this; default: causes.")
@click.option(
    "--ask", "askable", metavar="NAME", multiple=True, help="What can be asked; default: what has a question."
)
@click.option("--by", type=click.Choice(["value", "information", "change"]), default="value", show_default=True,
              help="What makes a question the next.")  # fmt: skip
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.95, show_default=True,
              help="Stop at this probability that the decision stays.")  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True, help="Ask nothing: print the step after the answers in --file as JSON."
)
def interview(
    model: str,
    normalize: bool,
    file: str | None,
    report: Sequence[str],
    targets: Sequence[str],
    askable: Sequence[str],
    by: str,
    threshold: float,
    as_json: bool,
) -> None:
    """Ask about one person, the most useful question first, until enough is known.

    Answer with a number; ? for what is not known, u to take the last answer back, q to leave. With --file the answers
    are saved after each, and the next call goes on from there. Standard input may be piped, one answer a line.

    \b
    Examples
      $ spasmnet interview --file answers.json --report report.md
      $ printf '1\\n2\\n?\\nq\\n' | spasmnet interview
      $ spasmnet interview --json
    """
    from spasmnet.cli.answers_file import read_answers, write_answers

    for path in report:
        if Path(path).suffix not in (".md", ".json"):
            raise click.UsageError(f"--report {path}: the name of a report ends in .md or .json")
        if not Path(path).parent.is_dir():
            raise click.UsageError(f"--report {path}: there is no folder {Path(path).parent}")
    network = open_model(model, normalize)
    answers: Pairs = []
    if file is not None and Path(file).exists():
        answers = list(read_answers(file, network))
    elif file is not None and not as_json:
        write_answers(file, network, answers)
    options = {"targets": targets or None, "askable": askable or None, "by": by, "threshold": threshold}
    talk = _Talk(compile_model(network), answers, file, options)
    if as_json:
        step = talk.step()
        print_json(step.as_dict())
    else:
        step = talk.run()
    _write_reports(talk, step, report)


class _Talk:
    """A conversation: the answers so far, and where they are kept."""

    def __init__(self, engine: Engine, answers: Pairs, file: str | None, options: dict[str, Any]) -> None:
        from spasmnet.cli.screens import console

        self.engine, self.answers, self.file, self.options = engine, answers, file, options
        self.shown = console()
        self.more = False  # whether to go on after enough is known

    def step(self) -> Step:
        from spasmnet.voi.interview import interview_step

        return interview_step(self.engine, self.answers, **self.options)

    def keep(self) -> None:
        from spasmnet.cli.answers_file import write_answers

        if self.file is not None:
            write_answers(self.file, self.engine.network, self.answers)

    def say(self, screen: Any) -> None:
        from spasmnet.cli.screens import show

        show(screen, self.shown)

    def run(self) -> Step:
        """Ask until enough is known or the person leaves; the last step."""
        from spasmnet.cli import interview_screen as screens

        self.say(screens.welcome(self.engine.network, len(self.answers), self.file))
        while True:
            step = self.step()
            if step.status == "contradiction":
                going = self.correct(step)
            elif step.status == "stop" and not self.more:
                going = self.end(step)
            elif step.question is None:
                going = False
            else:
                going = self.ask(step.question.variable.name, step.reason, step)
            if not going:
                break
        step = self.step()
        self.finish(step)
        return step

    def ask(self, name: str, reason: str, step: Step | None) -> bool:
        """Ask one question; False to leave."""
        from spasmnet.cli import interview_screen as screens

        variable = self.engine.network.by_name[name]
        place = next((i for i, (n, _) in enumerate(self.answers) if n == name), len(self.answers))
        self.say(screens.question_screen(place + 1, variable, reason, step))
        key = self.choose(len(variable.states), "?uq")
        if key == "q":
            return False
        if key == "u":
            self.undo()
            return True
        answer = None if key == "?" else variable.states[int(key) - 1]
        self.answers[place : place + 1] = [(name, answer)]
        self.keep()
        return True

    def correct(self, step: Step) -> bool:
        """Name the answers that contradict one another and ask one of them again; False to leave."""
        from spasmnet.cli import interview_screen as screens

        self.say(screens.contradiction_screen(step))
        names = list(step.contradiction)
        key = self.choose(len(names), "uq")
        if key == "q":
            return False
        if key == "u":
            self.undo()
            return True
        return self.ask(names[int(key) - 1], "the answers so far cannot be true together", None)

    def end(self, step: Step) -> bool:
        """Say that enough is known; True to go on all the same."""
        from spasmnet.cli import interview_screen as screens

        self.say(screens.stop_screen(step))
        if step.question is None:
            return False
        click.echo("f finish   c ask on   u undo", nl=True)
        key = self.choose(0, "fcuq")
        if key == "u":
            self.undo()
            return True
        self.more = key == "c"
        return self.more

    def undo(self) -> None:
        """Take the last answer back."""
        if self.answers:
            name, _ = self.answers.pop()
            self.keep()
            click.echo(f"Taken back: {name}")
        else:
            click.echo("There is no answer to take back.")

    def finish(self, step: Step) -> None:
        """Show what the answers say, and where they are kept."""
        from spasmnet.cli import interview_screen as screens
        from spasmnet.voi.summary import summary

        if step.status == "stop" or (self.answers and step.status == "ask"):
            self.say(screens.end_screen(summary(self.engine, step, **self.roles), self.shown))
        if self.file is not None:
            click.echo(
                f"The answers are kept in {self.file}; go on with: spasmnet interview --file {self.file}", err=True
            )

    @property
    def roles(self) -> dict[str, Any]:
        return {"targets": self.options["targets"], "askable": self.options["askable"]}

    def choose(self, count: int, letters: str) -> str:
        """A number from 1 to `count` or one of the letters; the end of input and an interruption are q."""
        allowed = [str(i + 1) for i in range(count)]
        while True:
            try:
                key = _key(single=count <= 9)
            except (EOFError, KeyboardInterrupt, click.Abort):
                click.echo()
                return "q"
            if key in allowed or (key and key in letters):
                click.echo(f"> {key}")
                return key
            wanted = ", ".join([*(["1"] if count == 1 else [f"1-{count}"] if count else []), *letters])
            click.echo(f"“{key}” is not one of {wanted}")


def _key(*, single: bool) -> str:
    """A key where there is a terminal, else a line; raises EOFError at the end of the input."""
    if sys.stdin is None:  # a closed standard input
        raise EOFError
    if sys.stdin.isatty() and single:
        key = click.getchar()
        if key in ("\x03", "\x04"):
            raise EOFError
        return key.lower()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip().lower()


def _write_reports(talk: _Talk, step: Step, paths: Sequence[str]) -> None:
    from spasmnet.cli.answers_file import replace_file
    from spasmnet.display.interview_page import page
    from spasmnet.voi.summary import summary

    if not paths:
        return
    if step.status == "contradiction":
        raise SpasmnetError(f"no report was written: {step.why} The answers are kept as they are.")
    found = summary(talk.engine, step, **talk.roles)
    for path in paths:
        as_json = Path(path).suffix == ".json"
        text = (
            json.dumps(found.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            if as_json
            else page(found)
        )
        replace_file(path, text)
        click.echo(f"The report is in {path}", err=True)
