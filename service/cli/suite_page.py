"""The results of policy tests in the terminal: a suite in; failing cases, coverage and a summary out.

What passes takes no line. Colour only on a terminal, and never with NO_COLOR.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.whereabouts import located, opened
from service.simulate.said import headline, lines_of

if TYPE_CHECKING:
    from service.simulate.model import Checked
    from service.simulate.suite import Suite

WIDTH: Final = 110  #: characters, where there is no terminal to ask
_SHOWN: Final = 5  #: things not covered, of each level


def show_suite(suite: Suite, *, folder: Path, too_low: str = "", file: TextIO | None = None) -> None:
    """Print what came out.

    Args:
        suite: The results.
        folder: The policy folder, as it is put before the names of files.
        too_low: What to say when the coverage is too low; empty when it is not.
        file: Where to; without it, the standard output.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=file, highlight=False, markup=False, emoji=False, width=WIDTH)
    plain = "utf" not in console.encoding.lower()
    for each in suite.checked:
        for line in _case(each, folder, plain):
            console.print(line, soft_wrap=True)
    console.print(_coverage(suite))
    for line in _not_covered(suite, folder):
        console.print(line, soft_wrap=True)
    console.print(_summary(suite))
    if too_low:
        console.print(Text(too_low, style="red"))


def _case(each: Checked, folder: Path, plain: bool) -> Iterator[Text]:
    """What there is to say about one case; nothing when it passed."""
    test = each.test
    where = opened(folder, str(test.place))
    if each.state == "skipped" and test.skip is not None:
        mark = "-" if plain else "–"
        yield Text.assemble((mark, "yellow"), f" {test.name} ", (f"({where})", "dim"))
        yield Text(f"  skipped until {test.skip.until}: {test.skip.reason}", style="dim")
        return
    if each.state == "passed":
        return
    cross = "x" if plain else "✘"
    yield Text.assemble(
        (f"{cross} {test.name}", "bold red"), f"  {test.person} → {test.selection.level.name}"
    )
    if each.state == "overdue" and test.skip is not None:
        yield Text(f"  {located(folder, [test.skip.overdue])[0]}")
    for difference in each.differences:
        yield Text.assemble("  ", (headline(difference), "red"))
        if difference.text:
            yield Text(f"    {difference.text}")
        yield Text(f"    {lines_of(difference, folder.as_posix())}", style="dim")
        for line in difference.because:
            yield Text(f"      {line}", style="italic")
    yield Text()


def _coverage(suite: Suite) -> Table:
    from service.simulate.suite import percent

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("level")
    table.add_column("seen", justify="right")
    table.add_column("of", justify="right")
    table.add_column("covered", justify="right")
    for level, (seen, of) in suite.coverage.by_level().items():
        style = "green" if seen == of else "yellow"
        table.add_row(level, str(seen), str(of), Text(f"{percent(seen, of)} %", style=style))
    return table


def _not_covered(suite: Suite, folder: Path) -> Iterator[Text]:
    """What no case has shown, for each level."""
    for level, (seen, of) in suite.coverage.by_level().items():
        missing = suite.coverage.missing(level) if seen else []
        if not seen and of:
            yield Text()
            yield Text(f"nothing seen in {level}: no case is about it", style="bold")
        if missing:
            yield Text()
            yield Text(f"not seen in {level}", style="bold")
        for point in missing[:_SHOWN]:
            where = "" if point.place is None else f" ({opened(folder, str(point.place))})"
            yield Text.assemble("  ", point.text, (where, "dim"))
        if len(missing) > _SHOWN:
            yield Text(f"  and {len(missing) - _SHOWN} more; --json lists them all", style="dim")


def _summary(suite: Suite) -> Text:
    counts = suite.counts
    told = [f"{counts['passed']} passed"]
    if counts["failed"]:
        told.append(f"{counts['failed']} failed")
    if counts["overdue"]:
        told.append(f"{counts['overdue']} skipped for too long")
    if counts["skipped"]:
        told.append(f"{counts['skipped']} skipped")
    line = f"{', '.join(told)}; {suite.percent} percent covered"
    return Text(f"\n{line}", style="red" if suite.failing else "green")
