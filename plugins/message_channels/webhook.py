"""Notices to an HTTP endpoint, signed, each with its idempotency key."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import aiohttp
from pydantic import Field, HttpUrl, model_validator

from civicloop import ChannelConfig, Message, Refused

from .letter import as_json

REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""Answers after which sending the same thing again makes no sense."""


class Webhook:
    """POSTs each notice as JSON.

    Headers: ``Idempotency-Key`` (the same for the same notice), ``X-Civicloop-Time`` (RFC 3339, when the notice was
    decided) and, with a secret, ``X-Civicloop-Signature: sha256=HEX``, an HMAC-SHA256 over time, a full stop and the
    body. A 2xx answer is delivery; 400, 401, 403-405, 410, 413, 415 and 422 are refusals; all else, a redirect too, is
    tried again. Errors name the host only: with many services the rest of the address is a secret.
    """

    class Config(ChannelConfig):
        """``secret_file`` lies relative to the street's folder; ``secret_env`` names an environment variable."""

        url: Annotated[HttpUrl, Field(repr=False)]
        secret_file: Path | None = None
        secret_env: str | None = None
        timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10.0

        @model_validator(mode="after")
        def _one_secret(self) -> Webhook.Config:
            if self.secret_file and self.secret_env:
                raise ValueError("names two secrets; keep secret_file or secret_env")
            return self

    def __init__(self, config: Config, folder: Path) -> None:
        self._config = config
        self._host = f"{config.url.scheme}://{config.url.host}:{config.url.port}"
        self._secret = _secret(config, folder)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> None:
        """POST the notice. Raises ``Refused`` for a final answer, another exception when it should be tried again."""
        body = as_json(message)
        at = message.notice.at.isoformat()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.key,
            "X-Civicloop-Time": at,
        }
        if self._secret:
            headers["X-Civicloop-Signature"] = sign(self._secret, at, body)
        try:
            status = await self._post(body, headers)
        except TimeoutError as error:
            raise TimeoutError(f"{self._host} did not answer within {self._config.timeout_seconds} s") from error
        except aiohttp.ClientError as error:
            # The cause is left out: its text may hold the whole address.
            raise ConnectionError(f"{self._host} cannot be reached ({type(error).__name__})") from None
        if status in REFUSALS:
            raise Refused(f"{self._host} answered {status}")
        if not 200 <= status < 300:
            raise RuntimeError(f"{self._host} answered {status}")

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        # A redirect would turn the POST into a GET, or carry the notice to a host that nobody has named.
        url = str(self._config.url)
        async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._config.timeout_seconds)
            # The courier bounds how many are under way. A bound of our own would let a danger to life wait for others.
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def sign(secret: bytes, at: str, body: bytes) -> str:
    """The signature header's value, for receivers to compute and compare."""
    return f"sha256={hmac.new(secret, at.encode() + b'.' + body, sha256).hexdigest()}"


def _secret(config: Webhook.Config, folder: Path) -> bytes:
    if config.secret_file:
        secret = (folder / config.secret_file).read_bytes().strip()
        if not secret:
            raise ValueError(f"secret_file {config.secret_file} is empty; write the webhook's secret into it")
        return secret
    if config.secret_env:
        value = os.environ.get(config.secret_env)
        if not value:
            raise ValueError(f"environment variable {config.secret_env} is not set; set it to the webhook's secret")
        return value.encode()
    return b""
