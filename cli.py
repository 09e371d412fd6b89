"""The command line: what can be said to civicloop in a shell. How it is done stands in core/terminal.

Imports inside the commands keep ``civicloop --help`` quick.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from .core.model.case import Stage
from .core.model.given import Verb
from .core.terminal.back_office import deadletters, events, token
from .core.terminal.balances import indicators, ledger
from .core.terminal.custody import backup, restore, retention, verify
from .core.terminal.options import as_json, at_address, desk, in_store, maybe_folder, pass_voice
from .core.terminal.shell import FILE, FOLDER, LANGUAGE, LANGUAGES, Family, Root, text, time
from .core.terminal.voice import Voice


@click.group("civicloop", cls=Root, context_settings={"max_content_width": 100})
@click.option("--language", type=click.Choice(LANGUAGES), envvar=LANGUAGE, help="Default: the street's, else English.")
@click.version_option(package_name="civicloop")
@pass_voice
def civicloop(voice: Voice, language: str | None) -> None:
    """Closed-loop operations for streets and districts: events in, closed loops out.

    街道和城区的闭环处置：事件进来，一直跟到有人解决为止。

    DIR is a street's folder; inside one it may be left out everywhere.
    """
    voice.asked = language


def main() -> None:
    """What the shell runs."""
    civicloop(prog_name="civicloop", owns_process=True)


# the street ------------------------------------------------------------------------------------------------------


@civicloop.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@pass_voice
def init(voice: Voice, folder: Path) -> None:
    """Write a commented sample street into DIR, which must be new or empty.

    写入带注释的示例街道。
    """
    from .core.terminal.setting_up import init_street

    init_street(voice, folder)


@civicloop.command()
@maybe_folder
@as_json
@pass_voice
def check(voice: Voice, folder: Path | None, as_json: bool) -> None:
    """Check a street's folder and its plugins: every complaint with file, line and remedy.

    检查街道配置：每处问题都写明文件、行号和改法。
    """
    from .core.terminal.setting_up import check_street
    from .core.terminal.street import street_here

    check_street(voice, folder or street_here(voice), as_json)


@civicloop.command()
@maybe_folder
@click.option("--role", type=text, help="Only this role.")
@click.option("--place", type=text, help="Code of a place: who answers for it, wherever they sit.")
@click.option("--at", type=time, help="When. Default: now.")
@click.option("--purpose", type=text, help="Why people must be shown by name; the reading is recorded.")
@as_json
@pass_voice
def duty(
    voice: Voice,
    folder: Path | None,
    role: str | None,
    place: str | None,
    at: datetime | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Show who is on duty for each role at each place, until when, and how they are reached.

    谁在值班，到什么时候，怎样联系。
    """
    from .core.terminal.duty import Filter, show_duty

    with desk(voice, folder, None, makes=purpose is not None) as street:
        show_duty(street, Filter(role, place, at), as_json, purpose)


@civicloop.command()
@maybe_folder
@as_json
@pass_voice
def plugins(voice: Voice, folder: Path | None, as_json: bool) -> None:
    """Show the installed plugins: scenarios, event types, channels, faults; with DIR what it enables.

    已安装的插件，以及街道启用了哪些。
    """
    from .core.terminal.plugins import list_plugins
    from .core.terminal.street import MARK

    here = Path() if Path(MARK).is_file() else None
    list_plugins(voice, folder or here, as_json)


@civicloop.group(cls=Family)
def calendar() -> None:
    """The street's working calendar.

    街道的工作日历。
    """


@calendar.command("fill")
@click.argument("words", metavar="[DIR] YEAR", type=text, nargs=-1, required=True)
@click.option("--write", "writes", is_flag=True, help="Change calendar.toml. Default: print what it lacks.")
@pass_voice
def calendar_fill(voice: Voice, words: tuple[str, ...], writes: bool) -> None:
    """Add a year's statutory holidays and make-up workdays.

    把某年的法定节假日和调休上班日填入 calendar.toml。

    What people wrote is kept. A year that has not been announced, or that the installed library does not know, is an
    error and changes nothing.
    """
    from .core.terminal.calendar import fill_year
    from .core.terminal.street import split_words

    folder, (year,) = split_words(voice, words, ("YEAR",))
    if not (len(year) == 4 and year.isascii() and year.isdigit()):
        raise click.UsageError(voice.say("no_year", year=repr(year)))
    fill_year(voice, folder, int(year), writes)


# the daemon ------------------------------------------------------------------------------------------------------


@civicloop.command()
@maybe_folder
@at_address
@click.option(
    "--play", type=FILE, help="Play recorded events at their own times, in a fresh var/play.db; calls nobody."
)
@click.option(
    "--speed", type=click.FloatRange(0, min_open=True), default=60, show_default=True, help="How fast --play runs."
)
@click.option("--log-format", type=click.Choice(("keyvalue", "json")), default="keyvalue", show_default=True)
@click.option(
    "--log-level", type=click.Choice(("debug", "info", "warning", "error")), default="info", show_default=True
)
@pass_voice
def run(
    voice: Voice,
    folder: Path | None,
    listen: str | None,
    play: Path | None,
    speed: float,
    log_format: str,
    log_level: str,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the folder again.

    启动服务；SIGTERM 或 Ctrl-C 停止，SIGHUP 重读配置。
    """
    from .core.terminal.logs import set_up_logs
    from .core.terminal.running import run_street
    from .core.terminal.street import street_here

    set_up_logs(log_format, log_level)
    run_street(voice, folder or street_here(voice), listen, play, speed)


@civicloop.command()
@maybe_folder
@at_address
@click.option("--speed", type=click.FloatRange(0, min_open=True), help="Default: the morning in about 50 seconds.")
@click.option("--exit", "exits", is_flag=True, help="Stop after the last event instead of serving on.")
@pass_voice
def demo(voice: Voice, folder: Path | None, listen: str | None, speed: float | None, exits: bool) -> None:
    """Watch a street's morning in a minute: loops open, climb and close.

    一分钟看完一个早晨：闭环如何打开、升级、关闭。

    DIR is made where it is missing; default: civicloop-demo-street. Nobody is notified.
    """
    from .core.terminal.demo import FOLDER as DEMO_FOLDER
    from .core.terminal.demo import run_demo
    from .core.terminal.logs import set_up_logs

    set_up_logs("keyvalue", "warning")
    run_demo(voice, folder or DEMO_FOLDER, listen, speed, exits)


@civicloop.command()
@click.argument("words", metavar="[DIR] FILE...", type=text, nargs=-1, required=True)
@click.option("--until", type=time, help="Run the clock on until then. Default: until no case climbs any more.")
@click.option("--as-delivered", is_flag=True, help="Keep the order of the files; attribute `received` says when.")
@click.option("--store", type=FILE, help="Keep the result in this database. Default: in memory.")
@pass_voice
def replay(
    voice: Voice, words: tuple[str, ...], until: datetime | None, as_delivered: bool, store: Path | None
) -> None:
    """Feed files of CloudEvents (JSON Lines) through the engine in simulated time.

    在模拟时间里重放事件，流水写到标准输出。

    The journal goes to standard output as JSON Lines, everything else to standard error. Lines that hold no event are
    named and passed over; the exit code is 1 then. No notice is sent.
    """
    from .core.terminal.replaying import Order, replay_files
    from .core.terminal.street import split_folder

    folder, files = split_folder(voice, words)
    if not files:
        raise click.UsageError(voice.say("no_files"))
    replay_files(voice, folder, [Path(file) for file in files], Order(until, as_delivered, store))


# cases -----------------------------------------------------------------------------------------------------------


@civicloop.group(cls=Family)
def cases() -> None:
    """Cases: the list, and the story of each.

    案件：列表与经过。
    """


@cases.command("list")
@maybe_folder
@click.option("--open/--closed", "is_open", default=None, help="Only those. Default: both.")
@click.option("--place", type=text, help="Code of a place: only cases in it.")
@click.option("--scenario", type=text, help="Such as garbage_sorting.overflow.")
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]), help="Stage of the national workflow.")
@click.option("--party", type=text, help="Role that has been asked.")
@click.option("--overdue", is_flag=True, help="Only cases in which somebody let a deadline pass.")
@click.option("--limit", "most", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--cursor", type=text, help="Go on after an earlier page.")
@in_store
@as_json
@pass_voice
def cases_list(voice: Voice, /, folder: Path | None, store: Path | None, as_json: bool, **wanted: Any) -> None:
    """List cases, newest first.

    案件列表，最新的在前。
    """
    from .core.terminal.cases import Filter, list_cases

    with desk(voice, folder, store) as at:
        list_cases(at, Filter(**wanted), as_json)


@cases.command("show")
@click.argument("words", metavar="[DIR] REF", type=text, nargs=-1, required=True)
@click.option("--purpose", type=text, help="Why people must be shown by name; the reading is recorded.")
@in_store
@as_json
@pass_voice
def cases_show(voice: Voice, words: tuple[str, ...], purpose: str | None, store: Path | None, as_json: bool) -> None:
    """Tell what happened to one case, in order. REF is SCENARIO/KEY or the case's id.

    一个案件的来龙去脉。
    """
    from .core.terminal.showing import show_case
    from .core.terminal.street import split_words

    folder, (ref,) = split_words(voice, words, ("REF",))
    with desk(voice, folder, store) as at:
        show_case(at, ref, as_json, purpose)


@civicloop.command()
@click.argument("words", metavar="[DIR] REF", type=text, nargs=-1, required=True)
@click.option("--at", "moment", type=time, help="Explain that moment, past or to come. Default: now.")
@in_store
@as_json
@pass_voice
def explain(voice: Voice, words: tuple[str, ...], moment: datetime | None, store: Path | None, as_json: bool) -> None:
    """Say whom a case waits for, and what happens next, and when, if nobody acts.

    案件现在等谁；如果无人处置，接下来何时发生什么。

    For a moment that has passed: what had happened until then, who held the case, and what came next.
    """
    from .core.terminal.showing import explain_case
    from .core.terminal.street import split_words

    folder, (ref,) = split_words(voice, words, ("REF",))
    with desk(voice, folder, store) as at:
        explain_case(at, ref, moment, as_json)


@civicloop.command()
@click.argument("words", metavar="[DIR] REF VERB", type=text, nargs=-1, required=True)
@click.option("--party", type=text, required=True, help="Role that answers.")
@click.option("--person", type=text, help="Who answers.")
@click.option("--result", type=text, help="done, failed, false_alarm ... for report; pass, fail, unable for verify.")
@click.option("--reason", type=text, help="Why; needed for return, void, suspend and reopen.")
@click.option("--note", type=text, help="Anything else worth saying.")
@click.option("--evidence", type=text, multiple=True, help="KIND, KIND=URL or kind=KIND,hash=..; may be repeated.")
@click.option("--until", type=time, help="For suspend.")
@click.option("--to", type=text, help="Role, for reassign.")
@click.option("--order", type=text, help="Work order that is answered. Default: the party's latest.")
@click.option("--track", type=text, help="Line of work. Default: main.")
@click.option("--key", type=text, help="Name of this answer; the same key again changes nothing.")
@in_store
@as_json
@pass_voice
def answer(
    voice: Voice, /, words: tuple[str, ...], key: str | None, store: Path | None, as_json: bool, **said: Any
) -> None:
    """Answer a case for a party, whether the daemon runs or not.

    代责任方答复案件；服务是否运行都可以。

    VERB is accept, report, return, extend, suspend, resume, approve, deny, verify, reassign, escalate, supervise, void,
    reopen or comment. Evidence may have members: kind=photo_after,hash=sha256:HEX,url=URL,taken_at=2026-05-01T08:20,
    place=CODE,number=TEXT,outcome=WORD in one word; a comma ends a value where a name and = follow it.
    """
    from .core.terminal.answering import Said, give_answer
    from .core.terminal.street import split_words

    folder, (ref, verb) = split_words(voice, words, ("REF", "VERB"))
    if verb not in tuple(Verb):
        raise click.UsageError(voice.say("no_such_verb", verb=repr(verb), verbs=", ".join(Verb)))
    with desk(voice, folder, store, judges=True) as at:
        give_answer(at, ref, verb, Said(**said), key, as_json)


for command in (ledger, indicators, events, deadletters, token, verify, backup, restore, retention):
    civicloop.add_command(command)


if __name__ == "__main__":
    main()
