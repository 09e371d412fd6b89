"""A stranger's package, installed on the path of a daemon's process, that does whatever a stranger may do wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .street import Victim, make_street

MODULE = """
import asyncio, ctypes, itertools, re, time
from civicloop import CLOSE, ChannelConfig, Event, Finding, Scenario, Step, hookimpl, minutes

HELD = []

class Ask(Event, type="stranger.ask"):
    do: str = ""

def spin():
    while True:
        pass

def wait():
    time.sleep(10**6)

def pattern():
    re.match(r"(a|aa)+$", "a" * 200 + "b")

def swallow():
    while True:
        try:
            time.sleep(10**6)
        except Exception:
            pass

def swallow_all():
    while True:
        try:
            time.sleep(10**6)
        except BaseException:
            pass

def hold():
    "Holds the interpreter in C, which never looks whether a signal has come."
    sum(itertools.repeat(0))

def leave():
    raise SystemExit("enough")

def crash():
    ctypes.string_at(0)

def huge():
    bytearray(2**50)

def hungry():
    HELD.append(bytearray(b"x" * (40 * 2**20)))

class Strange(Scenario[Ask]):
    name = "stranger.strange"
    on_cleared = CLOSE
    chain = (Step("look", "property_company", accept=minutes(10)),)

    def assess(self, event, context):
        if event.do:
            globals()[event.do]()
        yield Finding("strange")

class Steady(Scenario[Ask]):
    name = "stranger.steady"
    on_cleared = CLOSE
    chain = (Step("look", "property_company", accept=minutes(10)),)

    def assess(self, event, context):
        yield Finding("steady")

class Blocking:
    "A channel whose send blocks the event loop."

    class Config(ChannelConfig):
        pass

    def __init__(self, config, folder):
        pass

    async def send(self, message):
        await asyncio.sleep(0)
        time.sleep(10**6)

    async def close(self):
        pass

@hookimpl
def civicloop_scenarios():
    return [Strange, Steady]

@hookimpl
def civicloop_channels():
    return {"blocking": Blocking}
"""


def install(site: Path, module: str = MODULE) -> Path:
    """The package as pip would leave it: a module, and metadata with its entry point."""
    site.mkdir(parents=True)
    (site / "stranger.py").write_text(module, encoding="utf-8")
    metadata = site / "stranger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[civicloop]\nstranger = stranger\n", encoding="utf-8")
    return site


def strange_street(folder: Path, limits: Mapping[str, int], module: str = MODULE, extra: str = "") -> Victim:
    """A daemon, not yet started, of a street that has enabled the stranger's plugin."""
    make_street(folder)
    settings = folder / "civicloop.toml"
    text = settings.read_text(encoding="utf-8")
    for name, value in limits.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    settings.write_text(f"{text}\n[plugins.stranger]\nenabled = true\n{extra}", encoding="utf-8")
    site = install(folder.parent / "site", module)
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
    return Victim(folder, {"PYTHONPATH": path})
