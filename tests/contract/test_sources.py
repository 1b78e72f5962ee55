"""Where sources come from (a folder, GitHub) and where their index is kept."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from werkzeug import Request, Response

from bot.adapters.github.repository import Limits, Source, opened
from bot.adapters.github.tracker import GitHubTracker, Token
from bot.adapters.redis import client
from bot.adapters.redis.source_index import RedisSources
from bot.core.model.errors import (
    InputError,
    Refused,
    Unavailable,
    UsageError,
)
from bot.core.model.values import Location
from bot.core.source.codeowners import OwnerRule
from bot.core.source.index import (
    SourceFile,
    SourceIndex,
    Template,
    build,
)
from bot.core.source.log_calls import CallKind
from tests.core import sample_sources
from tests.installation import INSTALLATION

COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
CODE = b"log.error('the cart is empty today')\n"


def read(source: Source) -> dict[str, str]:
    """Path → why it was left out, or nothing."""
    return {file.path: file.why for file in source.files}


class TestFolder:
    def test_a_folder_gives_its_python_files_and_codeowners(self, tmp_path: Path) -> None:
        sample_sources.write(tmp_path)
        (tmp_path / "README.md").write_text("no source")
        for name in (".venv/lib/a.py", "node_modules/a.py", ".hidden/a.py", "tests/a.py"):
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_bytes(CODE)
        with opened(str(tmp_path), None) as source:
            assert source.name == tmp_path.name
            assert source.commit is None
            assert read(source) == dict.fromkeys(sample_sources.FILES, "")

    def test_odd_files_are_named_and_nothing_loops(self, tmp_path: Path) -> None:
        (tmp_path / "pkg").mkdir()
        (tmp_path / "pkg" / "loop").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "pkg" / "self.py").symlink_to("self.py")
        (tmp_path / "pkg" / "out.py").symlink_to("/etc/hostname")
        (tmp_path / "pkg" / "folder.py").mkdir()
        (tmp_path / "pkg" / "test_a.py").write_bytes(CODE)
        (tmp_path / "pkg" / "good.py").write_bytes(CODE)
        os.mkfifo(tmp_path / "pkg" / "pipe.py")
        with (tmp_path / "pkg" / "huge.py").open("wb") as file:
            file.truncate(3_000_000_000)
        with opened(str(tmp_path), None) as source:
            assert read(source) == {
                "pkg/good.py": "",
                "pkg/huge.py": "larger than 2 MB",
                "pkg/loop": "symbolic link",
                "pkg/out.py": "symbolic link",
                "pkg/pipe.py": "not a file",
                "pkg/self.py": "symbolic link",
                "pkg/test_a.py": "a test",
            }

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_what_may_not_be_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_bytes(CODE)
        (tmp_path / "a.py").chmod(0)
        with opened(str(tmp_path), None) as source:
            assert read(source) == {"a.py": "not readable"}

    @pytest.mark.parametrize("packed", [False, True])
    def test_the_commit_is_that_of_the_checkout(self, tmp_path: Path, packed: bool) -> None:
        git = tmp_path / ".git"
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        if packed:
            (git / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
        else:
            (git / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
        with opened(str(tmp_path), None) as source:
            assert source.commit == COMMIT

    def test_a_name_that_is_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_bytes(CODE)
        with pytest.raises(UsageError, match="is a file"), opened(str(tmp_path / "a.py"), None):
            pass
        with pytest.raises(UsageError, match="no folder"), opened(str(tmp_path / "b"), None):
            pass


def tarball(**more: bytes) -> bytes:
    """As `git archive` writes it: the commit in the global header, one folder around all."""
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": COMMIT}
    ) as tar:
        top = tarfile.TarInfo("acme-shop-c0ffee0/")
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
        files = {"src/cart.py": CODE, ".github/CODEOWNERS": b"* @acme/all", "a.js": b""} | more
        for name, data in files.items():
            member = tarfile.TarInfo(f"acme-shop-c0ffee0/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (("link.py", "src/cart.py"), ("out.py", "../../etc/passwd")):
            member = tarfile.TarInfo(f"acme-shop-c0ffee0/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return out.getvalue()


class TestGitHub:
    @pytest.fixture
    def tracker(self, httpserver) -> GitHubTracker:
        return GitHubTracker(Token("ghp_the_token"), base_url=httpserver.url_for(""), timeout=40)

    @pytest.fixture
    def seen(self) -> list[Request]:
        return []

    def serve(self, httpserver, seen, body: bytes, *, name: str = "acme/shop", status=200) -> None:
        httpserver.expect_request("/repos/acme/shop").respond_with_json(
            {"full_name": name, "private": True, "html_url": "https://github.com/acme/shop"}
        )
        httpserver.expect_request(f"/repos/{name}/tarball").respond_with_data(
            "", 302, {"Location": httpserver.url_for("/codeload/x") + "?permission=1"}
        )

        def codeload(request: Request) -> Response:
            seen.append(request)
            return Response(body, status)

        httpserver.expect_request("/codeload/x").respond_with_handler(codeload)

    def test_a_tarball_gives_its_files_and_its_commit(self, httpserver, tracker, seen) -> None:
        self.serve(httpserver, seen, tarball())
        with opened("acme/shop", tracker) as source:
            assert (source.name, source.commit, source.note) == ("acme/shop", COMMIT, "")
            found = build(source.name, source.files, made=1)
        assert [t.file for t in found.templates] == ["src/cart.py"]
        assert found.owned_by("src/cart.py") == ("@acme/all",)
        assert found.skipped == (("symbolic link", 2),)

    def test_the_token_stays_with_the_api(self, httpserver, tracker, seen) -> None:
        self.serve(httpserver, seen, tarball())
        with opened("acme/shop", tracker):
            pass
        (asked,) = seen
        assert "Authorization" not in asked.headers
        assert asked.args["permission"] == "1"

    def test_a_new_name_is_told(self, httpserver, tracker, seen) -> None:
        self.serve(httpserver, seen, tarball(), name="acme/store")
        with opened("acme/shop", tracker) as source:
            assert source.name == "acme/store"
            assert (
                source.note == "acme/shop is called acme/store now: write that into gardener.toml."
            )

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            ((b"", 500), r"does not hand out the files of acme/shop \(500\)"),
            ((b"", 404), r"does not hand out the files of acme/shop \(404\)"),
            ((b"no tarball", 200), "no whole tarball"),
            ((b"", 200), "no whole tarball"),
            ((tarball()[:-40], 200), "no whole tarball"),
        ],
    )
    def test_what_is_no_tarball(self, httpserver, tracker, seen, answer, words) -> None:
        self.serve(httpserver, seen, answer[0], status=answer[1])
        with pytest.raises(Unavailable, match=words):  # noqa: SIM117 - it may break in either
            with opened("acme/shop", tracker) as source:
                list(source.files)

    def test_gone_forbidden_or_slowed_down(self, httpserver, tracker) -> None:
        with (
            pytest.raises(Refused, match="knows no acme/gone"),
            opened("acme/gone", _gone(httpserver)),
        ):
            pass
        httpserver.expect_request("/repos/acme/shop").respond_with_json({"full_name": "acme/shop"})
        httpserver.expect_oneshot_request("/repos/acme/shop/tarball").respond_with_json(
            {"message": "Resource not accessible by personal access token"}, 403
        )
        with pytest.raises(Refused, match="read access to Contents"), opened("acme/shop", tracker):
            pass
        httpserver.expect_oneshot_request("/repos/acme/shop/tarball").respond_with_json(
            {"message": "API rate limit exceeded"}, 403
        )
        with pytest.raises(Unavailable, match="slow down"), opened("acme/shop", tracker):
            pass

    def test_github_that_is_not_there(self) -> None:
        away = GitHubTracker(Token("ghp_t"), base_url="http://127.0.0.1:1", timeout=1)
        with pytest.raises(Unavailable, match="does not answer"), opened("acme/shop", away):
            pass

    def test_more_than_anybody_writes_is_refused(self, httpserver, tracker, seen) -> None:
        self.serve(httpserver, seen, tarball(**{"z.py": b"x" * 5_000}))
        with (
            pytest.raises(InputError, match="checkout"),
            opened("acme/shop", tracker, limits=Limits(unpacked=1_000)) as source,
        ):
            list(source.files)
        with (
            pytest.raises(Refused, match="larger than"),
            opened("acme/shop", tracker, limits=Limits(download=100)),
        ):
            pass


def _gone(httpserver) -> GitHubTracker:
    httpserver.expect_request("/repos/acme/gone").respond_with_json({"message": "Not Found"}, 404)
    return GitHubTracker(Token("ghp_t"), base_url=httpserver.url_for(""), timeout=40)


INDEX = SourceIndex(
    repository="acme/shop",
    made=17,
    templates=(
        Template("the cart of \0 is empty", CallKind.LOG, "src/cart.py", 7, "total"),
        Template("größer \ud800 als", CallKind.RAISED, "a/b.py", 1, None),
    ),
    owners=(OwnerRule("*", ("@acme/all",)), OwnerRule("/src/free", ())),
    commit=COMMIT,
    files=2,
    lines=300,
    skipped=(("Python 2", 1),),
    named=(("old.py", "Python 2"),),
)


@pytest.mark.redis
class TestStore:
    @pytest.fixture
    def sources(self, redis_client) -> RedisSources:
        return RedisSources(redis_client)

    def test_an_index_comes_back_as_it_was(self, sources) -> None:
        assert sources.get("staging") is None
        sources.put("staging", INDEX)
        assert sources.get("staging") == INDEX
        assert sources.get("production") is None

    def test_the_newest_counts_until_it_is_removed(self, sources) -> None:
        sources.put("staging", INDEX)
        sources.put("staging", build("acme/other", [SourceFile("a.py", CODE)], made=18))
        assert sources.get("staging").repository == "acme/other"
        sources.remove("staging")
        assert sources.get("staging") is None

    def test_it_answers_an_analysis(self, sources) -> None:
        assert sources.locate("staging") is None
        sources.put("staging", INDEX)
        assert sources.locate("staging")("the cart of 7 is empty") == Location("cart", "total", 7)

    def test_forget_takes_it_along(self, sources, redis_client) -> None:
        sources.put("staging", INDEX)
        client.forget(redis_client, "staging")
        assert sources.get("staging") is None

    @pytest.mark.parametrize("data", [b"", b"nonsense", b"x\x9cK\xad(I-\xcaKM\x01\x00"])
    def test_what_another_version_wrote_counts_as_none(self, sources, redis_client, data) -> None:
        sources.put("staging", INDEX)
        (name,) = redis_client.keys("*:sources:*")
        redis_client.set(name, data)
        assert sources.get("staging") is None

    def test_it_is_small(self, sources) -> None:
        code = "\n".join(f"log.error('the {n}th thing failed: %s', x)" for n in range(2_000))
        found = build("acme/shop", [SourceFile("a.py", code.encode())], made=1)
        assert len(found.templates) == 2_000
        assert sources.put("staging", found) < 80_000

    def test_a_store_that_is_away_costs_an_analysis_nothing(self, tmp_path) -> None:
        away = RedisSources(
            client.connect("redis://127.0.0.1:1", tmp_path, INSTALLATION, timeout=0.1)
        )
        assert away.locate("staging") is None
        with pytest.raises(Unavailable):
            away.get("staging")
