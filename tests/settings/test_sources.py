"""The keys of gardener.toml that name sources beside Cloud Run services."""

from __future__ import annotations

import tomllib

import pytest

from bot.core.model.environment import Environment, Sources
from bot.settings.file import FileMistake, environments
from playground.logging.filter import compile_filter

VIEW = "projects/central/locations/global/buckets/all/views/shop"


def read(text: str) -> Environment:
    return environments(tomllib.loads(f"[environments.e]\nproject = 'acme'\n{text}"))["e"]


def mistake(text: str) -> str:
    with pytest.raises(FileMistake) as error:
        read(text)
    return str(error.value)


def test_every_source_is_read():
    found = read(
        f"""
        services = ["api"]
        jobs = ["nightly-import"]
        functions = ["resize_image"]
        gke = ["main/shop/checkout"]
        filter = 'resource.type="gce_instance"'
        views = ["{VIEW}", "projects/acme"]
        """
    )
    assert found.sources == Sources(
        ("nightly-import",),
        ("resize_image",),
        ("main/shop/checkout",),
        'resource.type="gce_instance"',
        (VIEW, "projects/acme"),
    )
    assert found.names == ("api", "nightly-import", "resize_image", "checkout")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("main/checkout", 'has 2 parts; write "cluster/namespace/workload"'),
        ("checkout", 'has 1 part; write "cluster/namespace/workload"'),
        ("a/b/c/d", 'has 4 parts; write "cluster/namespace/workload"'),
        ("a//c", 'is not "cluster/namespace/workload"'),
        ("main/shop/Checkout", "lower-case letters"),
    ],
)
def test_a_workload_of_another_form_is_told_with_the_right_one(written, told):
    said = mistake(f'gke = ["main/shop/fine", "{written}"]')
    assert said.startswith(f'environments.e.gke: "{written}" ')
    assert told in said


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "is empty: write filter ="),
        ("   ", "is empty: write filter ="),
        ("-- nothing but this", "is only a comment"),
        ('resource.type="gae_app', "quotation mark that is never closed"),
        ('a="b" AND c="d\\"', 'never closed, at "d'),
        ("(severity>=ERROR", "parenthesis that is never closed: add a )"),
        ("severity>=ERROR) OR (severity>=DEBUG", "closes a parenthesis that was never opened"),
        ('resource.type="x" OR', "begins or ends with AND, OR or NOT"),
        ("OR severity>=DEBUG", "begins or ends with AND, OR or NOT"),
        ("a=" + "b" * 11_000, "shorten it to 10,000"),
    ],
)
def test_a_filter_that_is_not_complete_is_told_with_its_mend(written, told):
    said = mistake(f"filter = '''{written}'''")
    assert said.startswith("environments.e.filter ")
    assert told in said
    assert said.endswith(".")


def test_a_filter_over_lines_becomes_one_and_means_the_same():
    written = """
        resource.type="gae_app"   -- the old shop
        (resource.labels.module_id="a  -- (b"
            OR severity>=ERROR)
        -- the end
    """
    one = read(f"filter = '''{written}'''").sources.filter
    assert "\n" not in one
    assert one == (
        'resource.type="gae_app" (resource.labels.module_id="a  -- (b" OR severity>=ERROR)'
    )
    entries = [
        {"severity": severity, "resource": {"type": kind, "labels": {"module_id": module}}}
        for severity in ("INFO", "ERROR")
        for kind in ("gae_app", "other")
        for module in ("a  -- (b", "c")
    ]
    assert list(map(compile_filter(one), entries)) == list(map(compile_filter(written), entries))


def test_a_filter_that_is_no_text_is_told():
    assert "is empty" in mistake("filter = []")


def test_other_names_of_a_wrong_form_are_told():
    assert 'a Cloud Run job, such as "nightly-import"' in mistake('jobs = ["a/b"]')
    assert "a Cloud Function" in mistake('functions = ["a b"]')
    assert 'write "projects/P/locations/global/buckets/B/views/V"' in mistake('views = ["B/V"]')
    assert "must be a list" in mistake('jobs = "nightly"')
    many = ", ".join(f'"projects/p{i}"' for i in range(101))
    assert "reads 100 at once" in mistake(f"views = [{many}]")
    assert "Did you mean filter?" in mistake("fliter = 'a'")
