"""The ways out: a line on the console, a file for a gateway, a signed request, and nothing at all."""

import asyncio
import hmac
import io
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from civicloop import Message, Notice, NoticeKind, Refused, Severity
from civicloop.core.sdk.channel import config_type
from civicloop.core.sdk.loader import read_plugin
from civicloop.plugins import message_channels
from civicloop.plugins.message_channels.console import Console
from civicloop.plugins.message_channels.file_drop import FileDrop
from civicloop.plugins.message_channels.nowhere import Nowhere
from civicloop.plugins.message_channels.webhook import REFUSALS, Webhook, sign

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PHONE = "13800138000"
SECRET = "correct horse battery staple"


def message(key: str = "c1.2.0", text: str = "Estate: a bin is full", at: datetime = NOON) -> Message:
    notice = Notice(
        key=key,
        kind=NoticeKind.ASK,
        case="c1",
        ref="bins.full/B1",
        at=at,
        severity=Severity.P1,
        party="cleaner",
        organisation="Clean Ltd.",
        place="e1",
        step="empty",
        message="bin_full",
        variables={"percent": 90},
        order="c1.1",
        due=NOON + timedelta(minutes=10),
        reason="asked",
        channels=(),
    )
    return Message(notice, "[Order, P1] Full bin", text, (PHONE,))


def test_every_kind_is_a_channel_with_settings_of_its_own():
    channels = read_plugin("message_channels", message_channels).channels
    assert set(channels) == {"console", "webhook", "file_drop", "null"}
    for channel in channels.values():
        with pytest.raises(ValidationError):
            config_type(channel).model_validate({"colour": "red"})


# console -----------------------------------------------------------------------------------------------------


def printed(*messages: Message) -> str:
    out = io.StringIO()
    console = Console(Console.Config(), Path(), out)
    for one in messages:
        asyncio.run(console.send(one))
    asyncio.run(console.close())
    return out.getvalue()


def test_the_console_prints_one_line_a_notice_in_utc_and_no_phone():
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    line = "12:00:00Z -> cleaner: [Order, P1] Full bin Estate: a bin is full\n"
    assert printed(message(), message(at=shanghai)) == line * 2
    assert PHONE not in line


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\x1b[31m", "\x07", "\x85", "\u2028"])
def test_nothing_in_a_text_breaks_the_line_or_steers_the_terminal(sign):
    line = printed(message(text=f"a{sign}b"))
    assert len(line.splitlines()) == 1
    assert line.isprintable() or line[:-1].isprintable()


def test_a_console_that_is_gone_is_tried_again():
    out = io.StringIO()
    out.close()
    with pytest.raises(ValueError, match="closed file"):
        asyncio.run(Console(Console.Config(), Path(), out).send(message()))


# file drop ---------------------------------------------------------------------------------------------------


def dropper(folder: Path) -> FileDrop:
    return FileDrop(FileDrop.Config(directory=Path("out/box")), folder)


def test_a_notice_becomes_one_whole_file_named_by_its_key(tmp_path):
    asyncio.run(dropper(tmp_path).send(message()))
    [file] = (tmp_path / "out/box").iterdir()
    assert file.name == "c1.2.0.json"
    letter = orjson.loads(file.read_bytes())
    assert (letter["key"], letter["due"], letter["contacts"]) == ("c1.2.0", "2026-05-01T12:10:00+00:00", [PHONE])
    assert letter["variables"] == {"percent": 90}


def test_the_same_notice_is_the_same_file_and_another_is_another(tmp_path):
    drop = dropper(tmp_path)

    async def story() -> None:
        await asyncio.gather(*(drop.send(message(key)) for key in ("k.1", "k.2", "k.3")))
        await drop.send(message("k.1"))

    asyncio.run(story())
    assert sorted(path.name for path in (tmp_path / "out/box").iterdir()) == ["k.1.json", "k.2.json", "k.3.json"]


def test_a_half_written_file_of_a_crash_is_replaced(tmp_path):
    box = tmp_path / "out/box"
    box.mkdir(parents=True)
    (box / ".c1.2.0.part").write_bytes(b'{"key":')
    asyncio.run(dropper(tmp_path).send(message()))
    assert [path.name for path in box.iterdir()] == ["c1.2.0.json"]


def test_a_directory_that_cannot_be_written_is_tried_again(tmp_path):
    (tmp_path / "out").write_text("a file where the directory should be")
    with pytest.raises(OSError, match="out"):
        asyncio.run(dropper(tmp_path).send(message()))


# webhook -----------------------------------------------------------------------------------------------------

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def post(
    tmp_path: Path, handler: Handler, sends: int = 1, path: str = "/hook", **settings: Any
) -> list[Exception | None]:
    """Send a notice so often to a server with this handler; what each sending raised."""

    async def story() -> list[Exception | None]:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        raised: list[Exception | None] = []
        async with TestServer(app) as server:
            config = Webhook.Config(url=str(server.make_url(path)), **settings)
            hook = Webhook(config, tmp_path)
            for _ in range(sends):
                try:
                    await hook.send(message())
                    raised.append(None)
                except Exception as error:  # noqa: BLE001  # the test looks at whatever it was
                    raised.append(error)
            await hook.close()
            await hook.close()
        return raised

    return asyncio.run(story())


def answering(status: int, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    return handler


def test_a_request_carries_the_letter_its_key_and_a_signature_that_can_be_verified(tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    requests: list[tuple[str, Any, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        requests.append((request.method, request.headers, await request.read()))
        return web.Response(status=202)

    assert post(tmp_path, handler, sends=2, secret_file=Path("secret")) == [None, None]
    (method, headers, body), again = requests
    assert (method, headers["Content-Type"], headers["Idempotency-Key"]) == ("POST", "application/json", "c1.2.0")
    assert orjson.loads(body)["text"] == "Estate: a bin is full"
    # As the docstring says: an HMAC-SHA256 over time, a full stop and the body.
    signed = hmac.new(SECRET.encode(), headers["X-Civicloop-Time"].encode() + b"." + body, sha256).hexdigest()
    assert headers["X-Civicloop-Signature"] == f"sha256={signed}"
    assert again[1]["Idempotency-Key"] == "c1.2.0"


def test_without_a_secret_nothing_is_signed(tmp_path):
    seen: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append("X-Civicloop-Signature" in request.headers)
        return web.Response()

    post(tmp_path, handler)
    assert seen == [False]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_delivery(tmp_path, status):
    assert post(tmp_path, answering(status)) == [None]


@pytest.mark.parametrize("status", sorted(REFUSALS))
def test_what_makes_no_sense_to_repeat_is_refused(tmp_path, status):
    [error] = post(tmp_path, answering(status))
    assert isinstance(error, Refused)
    assert str(error).endswith(f"answered {status}")


@pytest.mark.parametrize("status", [302, 307, 402, 408, 409, 425, 429, 500, 502, 503])
def test_everything_else_is_tried_again(tmp_path, status):
    [error] = post(tmp_path, answering(status, Location="/elsewhere"))
    assert error is not None
    assert not isinstance(error, Refused)


def test_a_redirect_is_not_followed(tmp_path):
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=303, headers={"Location": "/elsewhere"})

    post(tmp_path, handler)
    assert paths == ["/hook"]


def test_a_receiver_that_does_not_answer_is_tried_again(tmp_path):
    async def handler(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    [error] = post(tmp_path, handler, timeout_seconds=0.05)
    assert isinstance(error, TimeoutError)
    assert str(error).endswith("did not answer within 0.05 s")


def test_a_receiver_that_is_not_there_is_tried_again(tmp_path):
    hook = Webhook(Webhook.Config(url="http://127.0.0.1:9/hook?key=hidden"), tmp_path)

    async def story() -> None:
        try:
            await hook.send(message())
        finally:
            await hook.close()

    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 cannot be reached") as raised:
        asyncio.run(story())
    assert "hidden" not in "".join(map(str, [raised.value, raised.value.__cause__]))


@pytest.mark.parametrize("status", [404, 500])
def test_no_secret_shows_in_an_error_a_repr_or_a_log(tmp_path, status, caplog):
    (tmp_path / "secret").write_text(SECRET)
    caplog.set_level(logging.DEBUG)
    path = "/bot/hidden-token?key=hidden-key"
    [error] = post(tmp_path, answering(status), path=path, secret_file=Path("secret"))
    config = Webhook.Config(url=f"https://user:hidden-word@example.org{path}", secret_file=Path("secret"))
    hook = Webhook(config, tmp_path)
    shown = f"{error} {error!r} {config!r} {config} {hook!r}"
    assert "hidden" not in shown
    assert SECRET not in shown + caplog.text


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"secret_file": Path("gone")}, "gone"),
        ({"secret_file": Path("empty")}, "secret_file empty is empty; write the webhook's secret into it"),
        ({"secret_env": "CIVICLOOP_TEST_NO_SUCH"}, "CIVICLOOP_TEST_NO_SUCH is not set; set it to the webhook's secret"),
    ],
)
def test_a_secret_that_is_not_there_is_said_at_once(tmp_path, settings, complaint):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises((ValueError, OSError), match=complaint):
        Webhook(Webhook.Config(url="https://example.org", **settings), tmp_path)


def test_a_secret_may_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "CIVICLOOP_TEST_SECRET", SECRET)
    seen: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        expected = sign(SECRET.encode(), request.headers["X-Civicloop-Time"], await request.read())
        seen.append(request.headers["X-Civicloop-Signature"] == expected)
        return web.Response()

    post(tmp_path, handler, secret_env="CIVICLOOP_TEST_SECRET")
    assert seen == [True]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"url": "ftp://example.org"}, "URL scheme should be 'http' or 'https'"),
        ({"url": "https://example.org", "timeout_seconds": 31}, "less than or equal to 30"),
        ({"url": "https://example.org", "timeout_seconds": 0}, "greater than 0"),
        ({"url": "https://example.org", "secret_file": "a", "secret_env": "B"}, "names two secrets"),
        ({}, "Field required"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Webhook.Config.model_validate(settings)


# nowhere -----------------------------------------------------------------------------------------------------


def test_nowhere_takes_everything(tmp_path):
    nowhere = Nowhere(Nowhere.Config(), tmp_path)
    asyncio.run(nowhere.send(message()))
    asyncio.run(nowhere.close())
    assert nowhere.taken == 1
    assert list(tmp_path.iterdir()) == []
