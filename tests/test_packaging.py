"""The wheel built from the clone and the wheel built from the sdist hold the same files, and all of them.

src/civicloop reaches core/, plugins/ and cli.py through links, and links to folders get lost in an sdist: see
the comment in pyproject.toml.
"""

import configparser
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LITTER = shutil.ignore_patterns(
    ".git",
    ".venv",
    "venv",
    "dist",
    "build",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "*.egg-info",
    "*.db*",
    "*.sqlite*",
)
BUILD_SECONDS_MAX = 120

pytestmark = pytest.mark.slow


def build(what: str, source: Path, into: Path) -> Path:
    # Without isolation: the build backend is a development dependency, and no network is needed.
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{what}", "--outdir", into, source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS_MAX, check=False)
    assert done.returncode == 0, f"building the {what} from {source} failed:\n{done.stdout}\n{done.stderr}"
    [built] = into.iterdir()
    return built


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with its links as links, copied so that a build leaves nothing in the repository."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("clone") / "civicloop", symlinks=True, ignore=LITTER)


@pytest.fixture(scope="module")
def sdist(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", clone, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


@pytest.fixture(scope="module")
def wheel_of_clone(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build("wheel", clone, tmp_path_factory.mktemp("wheel_of_clone")))


@pytest.fixture(scope="module")
def wheel_of_sdist(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build("wheel", unpacked, tmp_path_factory.mktemp("wheel_of_sdist")))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names)), "a file is in the wheel twice"
        return {name: archive.read(name) for name in names}


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_wheel_of_the_clone_is_the_wheel_of_the_sdist(
    wheel_of_clone: dict[str, bytes], wheel_of_sdist: dict[str, bytes]
) -> None:
    assert sorted(wheel_of_clone) == sorted(wheel_of_sdist)
    assert [name for name in wheel_of_clone if wheel_of_clone[name] != wheel_of_sdist[name]] == []


@pytest.mark.parametrize("folder", ["core", "plugins"])
def test_every_file_of_the_tree_is_in_the_wheel(clone: Path, wheel_of_clone: dict[str, bytes], folder: str) -> None:
    lost = [name for name in files(clone / folder) if f"civicloop/{folder}/{name}" not in wheel_of_clone]
    assert lost == [], f"{folder}: not in the wheel; look at only-include in pyproject.toml and at .gitignore"


def test_the_wheel_holds_the_front_door_and_nothing_beside_it(wheel_of_clone: dict[str, bytes]) -> None:
    tops = {name.split("/")[0] for name in wheel_of_clone}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"civicloop"}
    inside = {name.removeprefix("civicloop/") for name in wheel_of_clone if name.startswith("civicloop/")}
    door = {name for name in inside if not name.startswith(("core/", "plugins/"))}
    assert door == {"__init__.py", "cli.py", "py.typed", "testing.py"}


@pytest.mark.parametrize("folder", ["core", "plugins", "tests", "examples", "docs", "benchmarks"])
def test_every_file_of_the_tree_is_in_the_sdist(clone: Path, unpacked: Path, folder: str) -> None:
    assert files(unpacked / folder) == files(clone / folder)


@pytest.mark.parametrize("name", ["cli.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Makefile"])
def test_the_sdist_holds_what_lies_at_the_top(unpacked: Path, name: str) -> None:
    assert (unpacked / name).is_file()


def test_the_wheel_announces_what_pyproject_promises(wheel_of_clone: dict[str, bytes]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [written] = (text for name, text in wheel_of_clone.items() if name.endswith(".dist-info/entry_points.txt"))
    announced = configparser.ConfigParser(delimiters=["="])
    announced.read_string(written.decode())
    assert {group: dict(announced[group]) for group in announced.sections()} == {
        "console_scripts": project["scripts"],
        **project["entry-points"],
    }


def test_every_entry_point_leads_to_a_file_of_the_wheel(wheel_of_clone: dict[str, bytes]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["scripts"], *project["entry-points"].values()]
    targets = [target.split(":")[0].replace(".", "/") for group in groups for target in group.values()]
    missing = [t for t in targets if not {f"{t}.py", f"{t}/__init__.py"} & wheel_of_clone.keys()]
    assert missing == []
