"""Which gardener.toml the playground's bot reads, and who is admin in it."""

from __future__ import annotations

import tomllib

import pytest

from bot.settings.settings import load
from playground.config import ADMIN, config_for, with_admin
from tests.paths import ROOT


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.delenv("GARDENER_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    return tmp_path


def test_alice_may_teach_though_the_committed_file_names_nobody(here):
    committed = tomllib.loads((ROOT / "gardener.toml").read_text())
    assert "admin" not in committed["environments"]["staging"]
    read = load(config_for(here / "state")).environments["staging"]
    assert read.admin == (ADMIN,)
    assert (read.project, read.github) == ("netra-staging", "owner/name")
    lines = (here / "state" / "gardener.toml").read_text().splitlines()
    assert len(lines) == len((ROOT / "gardener.toml").read_text().splitlines())


def test_a_file_of_ones_own_keeps_its_admins(here):
    (here / "gardener.toml").write_text(
        '[environments.prod]\nproject = "acme"\nadmin = ["U0BOB"]\n\n'
        '[environments."pre-prod"]  # the one before\nproject = "acme"\n\n'
        '[[impact]]\nroute = "/x"\n'
    )
    made = tomllib.loads(config_for(here / "state").read_text())["environments"]
    assert {name: table["admin"] for name, table in made.items()} == {
        "prod": ["U0BOB"],
        "pre-prod": [ADMIN],
    }


def test_a_file_that_the_environment_names_is_taken_as_it_is(here, monkeypatch):
    monkeypatch.setenv("GARDENER_CONFIG", "elsewhere.toml")
    assert config_for(here / "state") == here / "elsewhere.toml"


@pytest.mark.parametrize(
    "text",
    ["[environments.x\n", "environments = 3\n", 'environments.x = {project = "acme"}\n', "\xff"],
)
def test_what_cannot_be_read_is_handed_on_so_that_the_bot_names_it(here, text):
    (here / "gardener.toml").write_bytes(text.encode("latin-1"))
    assert config_for(here / "state") == here / "gardener.toml"


def test_nothing_but_the_admin_changes():
    text = '[environments.x] # x\nproject = "acme"\n# admin = ["U0123"]\n[other]\na = 1\n'
    assert with_admin(text) == text.replace('# admin = ["U0123"]', f'admin    = ["{ADMIN}"]')
