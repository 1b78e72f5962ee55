"""The closed loop with GitHub: all at once, what people do there, and what is said again."""

from __future__ import annotations

import pytest

from blocks.buttons import Act
from bot import jobs
from bot.core.issues.markers import marker
from bot.core.model.decisions import IssueLink, Pending
from bot.core.model.values import HOUR
from bot.job_names import JobName
from playground.github.commits import merge, push
from playground.github.records import Fault
from tests.fakes.logs import LEGACY, POOL, entry
from tests.journey.conftest import all_text, buttons

pytestmark = pytest.mark.redis

REPO = "owner/name"


def repo(town):
    return town.github.state.repo(REPO)


def filed(town):
    """Our issues, by their number."""
    return {i.number: i for i in repo(town).issues.values() if i.title.startswith("GCP-")}


def harder(town):
    """Three problems that are worth an issue."""
    now = town.wiring.now()
    town.logs.entries = [
        entry(text, now - HOUR - i * 1_000_000_000, n * 100 + i)
        for n, text in enumerate((LEGACY, POOL, "Payment service answers 500"))
        for i in range(4)
    ]


def chosen(form, **by_words):
    """Values for the review's form: `new` for all, but for blocks whose label has the words."""
    values = {}
    for block in form["blocks"]:
        if not block.get("block_id", "").startswith("card:"):
            continue
        wanted = next((v for w, v in by_words.items() if w in all_text(block["label"])), None)
        if wanted is None:
            continue
        options = block["element"]["options"]
        option = next(o for o in options if o["value"].startswith(wanted))
        values[block["block_id"]] = {"value": {"selected_option": option}}
    return values


def review(town, report, user="U0ALICE", reason="", **by_words):
    town.clicks(report, "review_all", user)
    form = town.form("Why expected?", user)
    values = chosen(form, **by_words)
    if reason:
        values["reason"] = {"value": {"value": reason}}
    outcome = town.slack.submit(user, form["id"], values)
    assert outcome.ok, outcome.error
    return form


# --- all at once ---------------------------------------------------------------------------------


def test_review_all_files_three_issues_once_each(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    review(town, report)
    town.form("All 3 done")
    told = town.sees("Reviewed.")
    assert told["ephemeral_for"] == "U0ALICE"
    titles = [i.title for i in filed(town).values()]
    assert len(titles) == 3
    assert [sum(w in t for t in titles) for w in ("legacy_", "pool", "Payment")] == [1, 1, 1]
    drawn = next(m for m in town.slack.messages("C0OPS") if m["ts"] == report["ts"])
    assert "Create issue" not in buttons(drawn)
    town.clicks(drawn, "review_all")
    town.form("Nothing is left to review: of the problems from P0 to P3, ")


def test_each_card_may_be_decided_otherwise(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    review(
        town, report, reason="Load test", Connection="expected", Payment="skip", Message="reopen"
    )
    town.form("All 2 done")
    assert filed(town) == {}
    reopened = next(i for i in repo(town).issues.values() if "legacy_request" in i.title)
    assert reopened.state == "open"
    assert len(reopened.comments) == 1
    drawn = all_text(town.sees("expected*"))
    assert f"#{reopened.number} ↗" in drawn
    assert "Load test" in drawn


def test_expected_wants_a_reason(town):
    harder(town)
    town.types("staging 2d")
    town.clicks(town.report(), "review_all")
    form = town.form("Why expected?")
    town.slack.submit("U0ALICE", form["id"], chosen(form, Payment="expected"))
    assert "reason" in town.slack.view("U0ALICE")["errors"]
    assert filed(town) == {}


def test_one_that_fails_leaves_the_others_alone(town):
    harder(town)
    town.types("staging 2d")
    report = town.report()
    town.github.state.inject(Fault("403", "POST", "/issues$"))
    review(town, report)
    shown = all_text(town.form("All 3 done"))
    assert shown.count("not done") == 1
    assert len(filed(town)) == 2


# --- what people do on GitHub --------------------------------------------------------------------


def one_filed(town):
    """A report whose first card is filed; gives the report's message and the issue."""
    town.types("staging 2d")
    report = town.report()
    town.clicks(report, "create_issue")
    town.slack.submit("U0ALICE", town.form("What the log says")["id"], {})
    town.sees("is filed as")
    [issue] = filed(town).values()
    return report, issue


def looks(town, later=0):
    """What the clock does every two minutes."""
    town.clock.ahead += later
    jobs.JOBS["sync"](town.wiring, environment="staging")


def drawn(town, report):
    return next(m for m in town.slack.messages("C0OPS") if m["ts"] == report["ts"])


def test_what_people_change_reaches_the_card(town):
    report, issue = one_filed(town)
    state = town.github.state
    state.update(repo(town), issue, {"state": "closed"}, "bob")
    looks(town)
    assert f"#{issue.number} closed ↗" in buttons(drawn(town, report))
    link = next(d.issue for d in town.wiring.decisions.all("staging").values() if d.issue)
    assert link.closed_at is not None

    state.update(
        repo(town), issue, {"state": "open", "title": "Legacy types", "labels": ["P1"]}, "bob"
    )
    issue.locked = True
    looks(town)
    assert f"#{issue.number} ↗" in buttons(drawn(town, report))
    assert f"#{issue.number} Legacy types · P1 · locked" in all_text(drawn(town, report))


def test_a_deleted_issue_frees_the_cluster_again(town):
    report, issue = one_filed(town)
    issue.deleted = True
    looks(town)
    assert f"#{issue.number} ↗" in buttons(drawn(town, report))  # GitHub's copies may lag
    looks(town, later=HOUR)
    assert "Create issue" in buttons(drawn(town, report))
    town.clicks(report, "create_issue")
    town.slack.submit("U0ALICE", town.form("What the log says")["id"], {})
    town.sees(f"is filed as <http{town.github.url[4:].removesuffix('/api')}/owner/name/issues/"
              f"{issue.number + 1}")  # fmt: skip


def test_a_transferred_issue_is_followed(town):
    report, issue = one_filed(town)
    public = town.github.state.repo("owner/public")
    there = town.github.state.create(public, {"title": "Moved here"}, "bob")
    issue.moved_to = f"{town.github.url}/repos/owner/public/issues/{there.number}"
    looks(town, later=HOUR)
    shown = all_text(drawn(town, report))
    assert "moved from owner/name#" in shown
    assert "to owner/public" in shown


def test_a_repository_that_is_gone_keeps_the_last_state(town):
    report, issue = one_filed(town)
    repo(town).gone = True
    town.wiring.queue.enqueue(JobName.SYNC, {"environment": "staging"})
    town.types("why C1")
    town.sees("C1 is P")
    assert f"#{issue.number} ↗" in buttons(drawn(town, report))


def test_the_clock_looks_after_what_is_filed(town):
    report, issue = one_filed(town)
    town.github.state.update(repo(town), issue, {"state": "closed"}, "bob")
    jobs.due(town.wiring, town.wiring.now())
    town.slack.wait_for(lambda: f"#{issue.number} closed ↗" in buttons(drawn(town, report)))


# --- one issue, and only one ---------------------------------------------------------------------


def test_what_is_filed_has_the_related_issues_that_the_preview_showed(town):
    _, issue = one_filed(town)
    old = next(i for i in repo(town).issues.values() if "legacy_request" in i.title)
    assert f"## Related\n\n- #{old.number} " in issue.body


def test_a_new_issue_beside_a_closed_one_of_ours_though_the_store_was_lost(town):
    _, issue = one_filed(town)
    town.github.state.update(repo(town), issue, {"state": "closed"}, "bob")
    for link in [d.issue for d in town.wiring.decisions.all("staging").values()]:
        town.wiring.decisions.remove("staging", link.cluster, IssueLink)
    town.types("staging 36h")
    report = town.sees("staging, last 36 h: 3 problems")
    town.clicks(report, "create_issue")
    form = town.form(f"Reopen #{issue.number}")
    new = next(b for b in form["blocks"] if b["block_id"] == "choice")["element"]["options"][0]
    town.slack.click(
        "U0ALICE",
        "filing_choice",
        view_id=form["id"],
        block_id="choice",
        chosen={"selected_option": new},
        values={"choice": {"filing_choice": {"selected_option": new}}},
    )
    form = town.form("Labels")
    outcome = town.slack.submit(
        "U0ALICE", form["id"], {"choice": {"filing_choice": {"selected_option": new}}}
    )
    assert outcome.ok, outcome.error
    town.sees(f"C1 is filed as #{issue.number + 1}")
    assert set(filed(town)) == {issue.number, issue.number + 1}


def test_who_clicked_is_told_what_became_of_an_unconfirmed_issue(town):
    town.types("staging 2d")
    report = town.report()
    cluster = next(iter(_clusters(town)))
    act = Act("create_issue", "staging", cluster, report=_key(town), message=report["ts"])
    pending = Pending(
        cluster,
        "U0ALICE",
        town.wiring.now() - 5 * HOUR,
        REPO,
        "create",
        f"It fails\n\n{marker(cluster, town.wiring.secrets[0])}",
        public=False,
        title="GCP-new | P2 | it fails",
        reply=f"C0OPS\n\nC1\n{act.encode()}",
    )
    town.wiring.decisions.put("staging", pending)
    for _ in range(3):
        jobs.due(town.wiring, town.wiring.now())
    told = town.sees("C1 is filed as")
    assert told["ephemeral_for"] == "U0ALICE"
    [issue] = filed(town).values()
    town.slack.wait_for(lambda: f"#{issue.number} ↗" in buttons(drawn(town, report)))


def _key(town):
    return town.wiring.recent.latest("staging")


def _clusters(town):
    return {c.id: c for c in town.wiring.reports.get("staging", _key(town)).clusters}


def test_the_line_at_the_deployed_commit_and_its_owner(town):
    path = "netra_backend/app/core/pool.py"
    repo(town).files[path] = b"..."
    now = town.wiring.now()
    place = {"file": path, "line": "42", "function": "take"}
    town.logs.entries = [
        {
            **entry(POOL, now - HOUR - i, i),
            "labels": {"commit-sha": "3f786850e387550fdab836ed7e6dc881de23001b"},
            "sourceLocation": place,
        }
        for i in range(3)
    ]
    town.types("staging 2d")
    town.clicks(town.report(), "create_issue")
    form = town.form("What the log says")
    assert "Assigned to alice, who owns the file" in all_text(form)
    town.slack.submit("U0ALICE", form["id"], {})
    town.sees("is filed as")
    [issue] = filed(town).values()
    assert issue.assignees == ["alice"]
    assert f"/owner/name/blob/3f786850/{path}#L42)" in issue.body


# --- what is said there --------------------------------------------------------------------------


def again(town, *entries):
    """Another report, some hours later."""
    town.clock.ahead += 3 * HOUR
    town.logs.entries = [*town.logs.entries, *entries]
    hours = 28 + town.logs.reads
    town.types(f"staging {hours}h")
    town.sees(f"staging, last {hours} h: ")
    town.slack.wait_for(lambda: "Refresh" in all_text(town.sees(f"staging, last {hours} h: ")))
    looks(town)


def legacy(town, first, count, **how):
    now = town.wiring.now()
    return [entry(LEGACY, now + HOUR - i * 1_000_000, first + i, **how) for i in range(count)]


def test_the_status_is_edited_and_a_comment_is_news_only(town):
    _, issue = one_filed(town)
    looks(town)
    assert issue.comments == []  # the issue itself says it

    again(town)
    assert ["**Status**" in c.body for c in issue.comments] == [True]
    before = issue.comments[0].body
    again(town, *legacy(town, 5_000, 3))
    assert len(issue.comments) == 1
    assert issue.comments[0].body != before

    again(town, *legacy(town, 6_000, 2, revision="00599-abc"))
    assert len(issue.comments) == 2
    said = issue.comments[1].body.replace("\\", "")
    assert said.startswith("**Also in netra-backend-staging-00599-abc.**")

    again(town, *legacy(town, 7_000, 300))
    assert len(issue.comments) == 3
    assert "Ten times as often" in issue.comments[2].body
    again(town)
    looks(town)
    assert len(issue.comments) == 3


def test_a_fix_that_held_is_told_after_a_day(town):
    _, issue = one_filed(town)
    looks(town)
    town.github.state.update(repo(town), issue, {"state": "closed"}, "bob")
    again(town, entry("Started", town.wiring.now() + HOUR, 9_000, revision="00599-abc"))
    town.clock.ahead += 26 * HOUR
    town.logs.entries = [entry("Hello", town.wiring.now() - HOUR, 9_100, revision="00599-abc")]
    town.types("digest now")
    digest = town.sees("In hand")
    shown = all_text(digest)
    assert f"#{issue.number}> closed" in shown
    assert "by bob: since 00599-abc expected 5, saw 0, so it held" in shown
    assert issue.state == "closed"
    assert [c for c in issue.comments if "again" in c.body] == []


def test_a_commit_tells_a_regression_from_an_old_branch(town):
    broken, fix, branch = (digit * 40 for digit in "abc")

    def labelled(entries, commit):
        return [{**e, "labels": {**e["labels"], "commit-sha": commit}} for e in entries]

    _, issue = one_filed(town)
    looks(town)
    push(town.github.state, REPO, broken)
    merge(town.github.state, REPO, fix, broken, closes=issue.number)
    push(town.github.state, REPO, branch, broken)
    looks(town)
    link = next(d.issue for d in town.wiring.decisions.all("staging").values() if d.issue)
    assert link.fixed_in == fix

    started = [entry("Started", town.wiring.now() + HOUR, 9_000, revision="00599-abc")]
    again(town, *labelled(started, branch))
    again(town, *labelled(legacy(town, 8_000, 2, revision="00599-abc"), branch))
    assert [c for c in issue.comments if "written again" in c.body] == []

    again(town, *labelled(legacy(town, 8_100, 2, revision="00600-def"), fix))
    assert "has the fix of" in all_text(town.report())
    said = [c.body.replace("\\", "") for c in issue.comments]
    assert [b for b in said if "written again after this was closed" in b and "00600" in b]


def test_a_fix_that_did_not_hold_is_told_on_the_issue_once(town):
    _, issue = one_filed(town)
    looks(town)
    town.github.state.update(repo(town), issue, {"state": "closed"}, "bob")
    again(town, entry("Started", town.wiring.now() + HOUR, 9_000, revision="00599-abc"))
    again(town, *legacy(town, 8_000, 2, revision="00599-abc"))
    looks(town)
    said = [c.body.replace("\\", "") for c in issue.comments]
    assert [b.startswith("**It is written again after this was closed") for b in said] == [True]
    assert issue.state == "closed"  # it proposes, it never reopens by itself
