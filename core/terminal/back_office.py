"""The commands of the back office: stored events, dead letters, tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import as_json, desk, in_store, maybe_folder, pass_voice
from .shell import Family, text
from .voice import Voice

# events and notices ----------------------------------------------------------------------------------------------


@click.group(cls=Family)
def events() -> None:
    """Stored events, and the quarantine of those that could not be judged.

    已保存的事件，以及隔离区。
    """


@events.command("list")
@maybe_folder
@click.option("--state", type=click.Choice(("accepted", "unheard", "quarantined")), help="Only these.")
@click.option("--type", "type", type=text, help="Only events of this type.")
@click.option("--after", type=click.IntRange(0), default=0, help="Go on after this row.")
@click.option("--limit", "most", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@in_store
@as_json
@pass_voice
def events_list(voice: Voice, /, folder: Path | None, store: Path | None, as_json: bool, **wanted: Any) -> None:
    """List stored events in order of arrival; quarantined ones with the reason.

    事件列表，按到达顺序。
    """
    from .events import Filter, list_events

    with desk(voice, folder, store) as at:
        list_events(at, Filter(**wanted), as_json)


@events.command("unheard")
@maybe_folder
@in_store
@as_json
@pass_voice
def events_unheard(voice: Voice, folder: Path | None, store: Path | None, as_json: bool) -> None:
    """Count stored events by type that no enabled scenario listens to.

    没有场景监听的事件类型。
    """
    from .events import list_unheard

    with desk(voice, folder, store) as at:
        list_unheard(at, as_json)


@events.command("retry")
@click.argument("words", metavar="[DIR] [SOURCE ID]", type=text, nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Everything that is quarantined.")
@in_store
@pass_voice
def events_retry(voice: Voice, words: tuple[str, ...], all_: bool, store: Path | None) -> None:
    """Judge quarantined events again, once the device is registered or the plugin repaired.

    重新判断隔离的事件。
    """
    from .events import retry_events
    from .street import split_folder

    folder, name = split_folder(voice, words)
    if len(name) != (0 if all_ else 2):
        raise click.UsageError(voice.say("retry_what"))
    with desk(voice, folder, store, judges=True) as at:
        retry_events(at, None if all_ else (name[0], name[1]))


@click.group(cls=Family)
def deadletters() -> None:
    """Notices that could not be delivered.

    投递失败的通知。
    """


@deadletters.command("list")
@maybe_folder
@in_store
@as_json
@pass_voice
def deadletters_list(voice: Voice, folder: Path | None, store: Path | None, as_json: bool) -> None:
    """List dead letters, oldest first, with the last error.

    投递失败的通知列表。
    """
    from .events import list_letters

    with desk(voice, folder, store) as at:
        list_letters(at, as_json)


@deadletters.command("retry")
@click.argument("words", metavar="[DIR] [KEY...]", type=text, nargs=-1)
@in_store
@pass_voice
def deadletters_retry(voice: Voice, words: tuple[str, ...], store: Path | None) -> None:
    """Try dead letters again: those named, else all of them.

    重新投递：写明的通知，或全部。
    """
    from .events import retry_letters
    from .street import split_folder

    folder, keys = split_folder(voice, words)
    with desk(voice, folder, store) as at:
        retry_letters(at, keys)


# tokens ----------------------------------------------------------------------------------------------------------


@click.group(cls=Family)
def token() -> None:
    """API tokens: who may send events, answer, read, or do everything.

    接口令牌。
    """


@token.command("create")
@click.argument("words", metavar="[DIR] NAME", type=text, nargs=-1, required=True)
@click.option(
    "--scope", "scopes", type=click.Choice(("ingest", "answer", "read", "admin")), multiple=True, required=True
)
@click.option("--organisation", type=text, default="", help="It answers only where this organisation holds the role.")
@click.option("--role", "roles", type=text, multiple=True, help="It answers only for this role. May be repeated.")
@click.option("--place", type=text, default="", help="It sees and answers only cases in this place.")
@click.option("--person", type=text, default="", help="It belongs to this person.")
@as_json
@pass_voice
def token_create(voice: Voice, /, words: tuple[str, ...], scopes: tuple[str, ...], as_json: bool, **bound: Any) -> None:
    """Make a token and show it, once. --scope may be repeated; admin includes all others.

    新建令牌，只显示一次。
    """
    from .street import split_words
    from .tokens import Bound, create_token

    folder, (name,) = split_words(voice, words, ("NAME",))
    with desk(voice, folder, None, makes=True) as at:
        create_token(at, name, scopes, Bound(**bound), as_json)


@token.command("list")
@maybe_folder
@as_json
@pass_voice
def token_list(voice: Voice, folder: Path | None, as_json: bool) -> None:
    """List tokens with what they are bound to, never their texts.

    令牌列表。
    """
    from .tokens import list_tokens

    with desk(voice, folder, None) as at:
        list_tokens(at, as_json)


@token.command("revoke")
@click.argument("words", metavar="[DIR] NAME", type=text, nargs=-1, required=True)
@pass_voice
def token_revoke(voice: Voice, words: tuple[str, ...]) -> None:
    """Revoke a token; a running daemon refuses it within seconds.

    吊销令牌。
    """
    from .street import split_words
    from .tokens import revoke_token

    folder, (name,) = split_words(voice, words, ("NAME",))
    with desk(voice, folder, None) as at:
        revoke_token(at, name)
