"""The commands that sum up a street: how long each party held its cases, and how it did by the indicators."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from .options import as_json, desk, in_store, maybe_folder, pass_voice
from .shell import Spoken, text, time
from .voice import Voice


@click.command(cls=Spoken)
@maybe_folder
@click.option("--party", type=text, help="Only this role.")
@click.option("--since", type=time, help="Count from then on. Default: from the first case.")
@click.option("--until", type=time, help="Count until then. Default: until now.")
@click.option("--place", type=text, help="Code of a place: only cases in it.")
@in_store
@as_json
@pass_voice
def ledger(
    voice: Voice,
    folder: Path | None,
    party: str | None,
    since: datetime | None,
    until: datetime | None,
    place: str | None,
    store: Path | None,
    as_json: bool,
) -> None:
    """Sum up how long each party held the cases of a street, and for what.

    各责任方持有案件的时长汇总。

    Every second of a case is booked to one holder; all together they are the ages of the cases.
    """
    from .books import Span, show_ledger

    with desk(voice, folder, store) as at:
        show_ledger(at, party, Span(since, until), place, as_json)


@click.command(cls=Spoken)
@maybe_folder
@click.option("--since", type=time, help="Count from then on. Default: from the first case.")
@click.option("--until", type=time, help="Count until then. Default: until now.")
@click.option("--place", type=text, help="Code of a place: only cases in it.")
@in_store
@as_json
@pass_voice
def indicators(
    voice: Voice,
    folder: Path | None,
    since: datetime | None,
    until: datetime | None,
    place: str | None,
    store: Path | None,
    as_json: bool,
) -> None:
    """Evaluate a street: who found its cases, disposal, closing, rework and check rates, and whose hands solved them.

    评价指标：立案率、有效上报率、智能发现率、处置率、结案率、返工率等，以及各层级办结占比。

    Every rate is shown with its numerator and denominator; what nobody can say is counted as unknown, in neither. The
    rates of what was reported are about what came in within the span, a repeated report counting once; the others
    about what was due in it. Cases under suspension and void ones are not due; a granted appeal counts as on time.
    """
    from .books import Span
    from .evaluating import show_indicators

    with desk(voice, folder, store) as at:
        show_indicators(at, Span(since, until), place, as_json)
