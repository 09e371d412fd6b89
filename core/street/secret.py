"""The secrets that channels sign with; they stay out of settings, messages and logs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .settings import Webhook

SECRET_BYTES_MAX: Final = 4096
"""A secret is a line of text; a larger file was named by mistake."""


def read_secret(channel: Webhook, folder: Path, environment: Mapping[str, str]) -> bytes | None:
    """The HMAC secret of a webhook, blanks around it removed; ``None`` where it names none and sends unsigned.

    ``environment`` is the daemon's ``os.environ``. Raises ``ValueError`` (what; remedy) where the secret cannot be had.
    """
    if channel.secret_file is not None:
        return read_secret_file(folder, channel.secret_file)
    if channel.secret_env is None:
        return None
    secret = environment.get(channel.secret_env, "").strip().encode()
    if not secret:
        raise ValueError(f"the environment has no {channel.secret_env}; set it before the daemon starts")
    return secret


def read_secret_file(folder: Path, name: str) -> bytes:
    """The secret in the file ``name``, relative to the folder; raises ``ValueError`` (what; remedy)."""
    path = folder / name
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {name!r}; write the secret into it, readable by the daemon only")
        with path.open("rb") as stream:
            secret = stream.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"{name!r} cannot be read: {error.strerror}; let the daemon's user read it") from error
    if not secret.strip() or len(secret) > SECRET_BYTES_MAX:
        raise ValueError(f"{name!r} is empty or larger than {SECRET_BYTES_MAX} bytes; write one line of text into it")
    return secret.strip()
