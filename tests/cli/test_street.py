"""init, check and plugins: a street is written, and whatever is wrong with one is said with file, line and remedy."""

import json
import re
from pathlib import Path

import pytest

from civicloop.core.street.folder import load_street

COMPLAINT = re.compile(r"[\w.-]+(:\d+)?: .+; .+")


def test_init_writes_a_street_that_is_in_order(cli, tmp_path: Path) -> None:
    told = cli("init", tmp_path / "new street")
    assert told.exit_code == 0
    assert f"civicloop demo '{tmp_path}/new street'" in told.stdout
    checked = cli("check", tmp_path / "new street")
    assert checked.exit_code == 0, checked.stderr
    directory = load_street(tmp_path / "new street").street.directory
    counts = f"{len(directory.places)} places, {len(directory.devices)} devices, {len(directory.parties)} parties"
    assert f"is in order: {counts}" in checked.stdout


def test_init_overwrites_nothing(cli, street: Path) -> None:
    before = {path: path.read_bytes() for path in street.rglob("*") if path.is_file()}
    told = cli("init", street)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"{street} is there and not empty; name a new folder\n"
    assert {path: path.read_bytes() for path in street.rglob("*") if path.is_file()} == before


def test_init_where_nothing_can_be_written(cli, street: Path) -> None:
    told = cli("init", street / "places.csv" / "deeper")
    assert told.exit_code == 1
    assert (
        told.stderr
        == f"{street}/places.csv/deeper cannot be used (not a directory); check its path and its permissions\n"
    )


def test_check_says_everything_at_once_and_one_line_each(cli, street: Path) -> None:
    places = (street / "places.csv").read_text(encoding="utf-8").splitlines()
    parties = (street / "parties.csv").read_text(encoding="utf-8").splitlines()
    (street / "places.csv").write_text("\n".join([*places, places[-1]]), encoding="utf-8")
    (street / "parties.csv").write_text("\n".join([*parties, "nowhere,cleaner,somebody,,"]), encoding="utf-8")
    told = cli("check", street)
    *complaints, total = told.stderr.splitlines()
    assert (told.exit_code, told.stdout) == (1, "")
    assert all(COMPLAINT.fullmatch(line) for line in complaints), complaints
    assert any(line.startswith(f"places.csv:{len(places) + 1}: ") for line in complaints)
    assert any(line.startswith(f"parties.csv:{len(parties) + 1}: ") for line in complaints)
    assert total == f"complaints: {len(complaints)}; put them right and try again"


def test_a_missing_row_is_missed_by_whoever_needs_it(cli, street: Path) -> None:
    lines = (street / "places.csv").read_text(encoding="utf-8").splitlines()
    without = [line for line in lines if not line.startswith("willow-garden-2,")]
    assert len(without) == len(lines) - 1
    (street / "places.csv").write_text("\n".join(without), encoding="utf-8")
    told = cli("check", street)
    assert told.exit_code == 1
    assert "willow-garden-2" in told.stderr


def test_a_chain_that_names_a_role_nobody_holds(cli, street: Path) -> None:
    settings = street / "civicloop.toml"
    text = (
        settings.read_text(encoding="utf-8")
        + '\n[plugins.garbage_sorting.bagged_litter.chain.clean]\nparties = ["plumber"]\n'
    )
    settings.write_text(text, encoding="utf-8")
    told = cli("check", street)
    line = len(text.splitlines()) - 1
    assert told.exit_code == 1
    assert re.match(rf"civicloop.toml:({line}|{line + 1}): .*plumber, which nobody holds; add the role", told.stderr)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('[plugins.garbage_sorting.bagged_litter]\nfull_at = "much"', "full_at"),
        ("[plugins.garbage_sortin]\n", "garbage_sortin"),
        ("[strange]\n", "strange"),
        ("not toml at all", "civicloop.toml:"),
    ],
)
def test_settings_that_cannot_be_meant(cli, street: Path, words: str, said: str) -> None:
    settings = street / "civicloop.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n" + words + "\n", encoding="utf-8")
    told = cli("check", street)
    assert (told.exit_code, told.stdout) == (1, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_check_for_scripts(cli, street: Path) -> None:
    assert json.loads(cli("check", street, "--json").stdout)["counts"]["devices"] == len(
        load_street(street).street.directory.devices
    )
    (street / "devices.csv").unlink()
    told = cli("check", street, "--json")
    complaint = json.loads(told.stdout)["complaints"][0]
    assert told.exit_code == 1
    assert (complaint["file"], complaint["line"]) == ("devices.csv", 0)


def test_a_folder_that_is_not_there(cli, tmp_path: Path) -> None:
    for command in (["check"], ["run"], ["cases", "list"], ["events"], ["deadletters", "list"], ["token", "list"]):
        told = cli(*command, tmp_path / "nowhere")
        assert (told.exit_code, told.stdout) == (1, ""), command
        assert told.stderr.startswith(f"{tmp_path}/nowhere: there is no such folder; "), command


def test_inside_a_street_the_folder_may_be_left_out(cli, street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(street)
    assert cli("check").exit_code == 0
    assert cli("cases").exit_code == 0
    assert cli("replay", "morning.jsonl", "--until", "2025-09-12T07:00").exit_code == 0
    monkeypatch.chdir(street.parent)
    for words in (["check"], ["cases"], ["cases", "show", "x"], ["events"], ["token", "revoke", "x"]):
        told = cli(*words)
        assert told.exit_code == 1
        assert told.stderr.startswith("there is no civicloop.toml here; "), words


def test_messages_speak_the_streets_language_unless_told_otherwise(
    cli, street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is in order" in cli("check", street).stdout
    assert "配置无误" in cli("check", street, "--language", "zh").stdout
    assert "配置无误" in cli("--language", "zh", "check", street).stdout
    monkeypatch.delenv("CIVICLOOP_LANGUAGE")
    assert "配置无误" in cli("check", street).stdout
    monkeypatch.setenv("CIVICLOOP_LANGUAGE", "fr")
    told = cli("check", street)
    assert told.exit_code == 2
    assert "'fr' is not one of 'zh', 'en'" in told.stderr


def test_plugins_and_what_the_street_enables_of_them(cli, street: Path, tmp_path: Path, monkeypatch) -> None:
    settings = street / "civicloop.toml"
    text = settings.read_text(encoding="utf-8").replace("[plugins.elderly_care]\nenabled = true", "")
    settings.write_text(text + "\n[plugins.garbage_sorting.bagged_litter]\nenabled = false\n", encoding="utf-8")
    shown = json.loads(cli("plugins", street, "--json").stdout)
    assert shown["faults"] == []
    enabled = {one["name"]: one["enabled"] for plugin in shown["plugins"] for one in plugin["scenarios"]}
    assert enabled["garbage_sorting.bagged_litter"] is False
    assert enabled["garbage_sorting.overflow"] is True
    assert enabled["elderly_care.sos"] is False
    assert "waste.bin.level" in cli("plugins", street).stdout
    monkeypatch.chdir(tmp_path)
    assert "enabled" not in json.loads(cli("plugins", "--json").stdout)["plugins"][0]["scenarios"][0]
