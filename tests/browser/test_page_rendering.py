"""What the page shows and how one moves on it, against a playground of cardboard (stub.py)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stub import Stub

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> *bold* `code` ~s~ _i_ ```f <script>1</script>"
)
ESCAPED = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.fixture
def stub():
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture
def open_page(browser, stub):
    """A function that opens the page; afterwards nothing may have failed in it."""
    contexts, troubles = [], []

    def open_it(width: int = 1280, height: int = 800, **how) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **how)
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console", lambda said: troubles.append(said.text) if said.type == "error" else None
        )
        page.on(
            "request",
            lambda sent: (
                None
                if sent.url.startswith((stub.url, "data:"))
                else troubles.append(f"loads {sent.url}")
            ),
        )
        page.goto(stub.url)
        expect(page.get_by_test_id("feed").locator(".message").first).to_be_visible()
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert [each for each in troubles if "WebSocket" not in each] == []


def message(page: Page, said: dict) -> Locator:
    return page.get_by_test_id(f"message-{said['ts']}")


def preformatted(text: str) -> dict:
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def test_hostile_text_is_shown_and_not_run(stub, open_page):
    page = open_page()
    literal = {"type": "section", "text": {"type": "plain_text", "text": HOSTILE}}
    said = stub.say("C0OPS", {"blocks": [literal, preformatted(HOSTILE)]})

    expect(message(page, said).locator(".section .text")).to_have_text(HOSTILE)
    expect(message(page, said).locator("pre")).to_have_text(HOSTILE)
    raw = stub.say("C0OPS", {"user": "U0BOB", "bot": False, "text": "<b>hi</b> <img src=x>"})
    expect(message(page, raw).locator(".text")).to_have_text("<b>hi</b> <img src=x>")
    expect(page.locator("#feed img[src=x], #feed script, #feed b")).to_have_count(0)
    assert "owned" not in page.title()


def test_escaped_text_in_mrkdwn_is_literal_but_for_its_own_marks(stub, open_page):
    page = open_page()
    said = stub.say("C0OPS", {"text": "&lt;img src=x onerror=alert(1)&gt; &amp;lt; a*b*c 2_0_0"})
    expect(message(page, said).locator(".text")).to_have_text(
        "<img src=x onerror=alert(1)> &lt; a*b*c 2_0_0"
    )
    evil = stub.say(
        "C0OPS", {"text": "<javascript:alert(1)|click> <https://a.example/?a=1&amp;b=2|ok>"}
    )
    links = message(page, evil).locator("a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://a.example/?a=1&b=2")
    expect(links).to_have_attribute("rel", "noopener noreferrer")


MRKDWN = [
    ("say *this* now", "strong", "this"),
    ("say _this_ now", "em", "this"),
    ("say ~this~ now", "s", "this"),
    ("say `*this*` now", "code", "*this*"),
    ("x\n```\n*a*\n  b```", "pre", "*a*\n  b"),
    ("&gt; quoted\nnot", "blockquote", "quoted"),
    ("ask <@U0BOB>", ".mention", "@Bob"),
    ("see <#C0OPS>", ".mention", "#ops"),
    ("<!subteam^S0ONCALL|@oncall>", ".mention", "@oncall"),
    ("it is :red_circle: now", ".emoji", "🔴"),
    ("<!date^0^{nonsense}|long ago>", "time", "{nonsense}"),
    ("*bold _and both_*", "strong em", "and both"),
]


def test_mrkdwn(stub, open_page):
    page = open_page()
    for text, selector, shown in MRKDWN:
        said = stub.say("C0OPS", {"text": text})
        found = message(page, said).locator(f".text {selector}")
        expect(found, text).to_have_text(shown, use_inner_text=True)


def test_every_block_of_the_samples_is_drawn(stub, open_page):
    page = open_page()
    expect(page.locator("#feed .unknown")).to_have_count(0)
    expect(page.locator("#feed .picture-missing")).to_have_text("a chart from outside")
    expect(page.locator("#feed").get_by_text("Only visible to you")).to_be_visible()
    expect(page.locator("#feed").get_by_text("(edited)").first).to_be_attached()


def test_keyboard_alone_from_chip_to_submitted_modal(stub, open_page):
    page = open_page()
    page.get_by_test_id("composer").focus()
    # Backwards through the chips to the first one, which runs at once.
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_test_id("chip-gardener-staging-2d")).to_be_focused()
    page.keyboard.press("Enter")
    assert stub.posted("say") == {
        "user": "U0ALICE",
        "channel": "C0OPS",
        "text": "/gardener staging 2d",
    }
    report = stub.snapshot["messages"]["C0OPS"][3]
    said = stub.say("C0OPS", {"text": report["text"], "blocks": report["blocks"]})
    expect(message(page, said)).to_be_visible()
    create = message(page, said).get_by_test_id("action-create_issue")
    expect(page.get_by_test_id("chip-gardener-staging-2d")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        if create.evaluate("node => node === document.activeElement"):
            break
    expect(create).to_be_focused()
    page.keyboard.press("Enter")
    click = stub.posted("action")
    assert click["container"] == {"type": "message", "channel": "C0OPS", "ts": said["ts"]}
    assert click["action"]["value"] == "c-1"

    modal = page.get_by_test_id("modal")
    expect(modal).to_be_visible()
    # The focus is in the modal and stays there, however often one presses Tab.
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)"
        )
    page.get_by_label("Title").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("A better title")
    page.keyboard.press("Enter")
    values = stub.posted("submit")["values"]
    assert values["title"]["title"] == {"type": "plain_text_input", "value": "A better title"}
    assert values["target"]["pick"]["selected_option"]["value"] == "new"
    assert [o["value"] for o in values["labels"]["labels"]["selected_options"]] == [
        "P2",
        "gardener",
    ]
    assert values["note"]["note"]["value"] is None
    expect(modal).to_be_hidden()
    expect(create).to_be_focused()


def test_escape_closes_a_modal_and_says_so(stub, open_page):
    page = open_page()
    page.get_by_test_id("action-expected").first.click()
    expect(page.get_by_test_id("modal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_be_hidden()
    assert stub.posted("close") == {"user": "U0ALICE", "view_id": "V2"}


def test_a_required_field_is_asked_for_before_anything_is_sent(stub, open_page):
    page = open_page()
    page.get_by_test_id("action-expected").first.click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_text("Please complete this required field.")).to_be_visible()
    expect(page.get_by_label("Why?")).to_be_focused()
    assert not [path for path, _ in stub.posts if path == "submit"]


def test_an_updated_modal_keeps_what_was_typed_and_shows_errors_at_their_block(stub, open_page):
    page = open_page()
    page.get_by_test_id("action-expected").first.click()
    page.get_by_label("Why?").fill("known since May")
    page.get_by_label("30 days").check()
    stub.send(
        {"type": "view", "view": stub.views["expected"] | {"errors": {"why": "Name a person."}}}
    )
    expect(page.locator("[data-block=why] .error")).to_have_text("Name a person.")
    expect(page.get_by_label("Why?")).to_have_value("known since May")
    expect(page.get_by_label("30 days")).to_be_checked()
    expect(page.get_by_label("Why?")).to_be_focused()


def test_a_modal_that_was_not_acknowledged_stays_and_says_so(stub, open_page):
    page = open_page()
    stub.errors["submit"] = "We had some trouble connecting. Try again?"
    page.get_by_test_id("action-create_issue").first.click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("modal-trouble")).to_have_text(stub.errors["submit"])
    expect(page.get_by_test_id("submit")).to_be_visible()


def test_danger_asks_first(stub, open_page):
    page = open_page()
    page.get_by_test_id("action-forget").click()
    expect(page.get_by_test_id("confirm")).to_contain_text(
        "Its history goes; what comes after is new."
    )
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("confirm")).to_have_count(0)
    page.get_by_test_id("action-forget").click()
    page.get_by_test_id("confirm-yes").click()
    assert stub.posted("action")["action"]["value"] == "c-9"
    assert len(stub.posts) == 1


def test_overflow_menu_by_keyboard(stub, open_page):
    page = open_page()
    trigger = page.get_by_test_id("action-card_menu").first
    trigger.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Evidence")).to_be_focused()
    page.keyboard.press("Enter")
    assert stub.posted("action")["action"]["selected_option"]["value"] == "Evidence"
    expect(trigger).to_be_focused()


def test_edits_keep_the_focus_and_what_was_chosen(stub, open_page):
    page = open_page()
    button = {
        "type": "button",
        "action_id": "go",
        "value": "1",
        "text": {"type": "plain_text", "text": "Go"},
    }
    said = stub.say(
        "C0OPS",
        {"text": "one", "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}]},
    )
    message(page, said).get_by_test_id("action-go").focus()
    stub.send({"type": "message", "channel": "C0OPS", "message": said | {"edited": "1"}})
    expect(message(page, said)).to_contain_text("(edited)")
    expect(message(page, said).get_by_test_id("action-go")).to_be_focused()


def test_a_deleted_message_goes(stub, open_page):
    page = open_page()
    said = stub.say("C0OPS", {"text": "soon gone"})
    expect(message(page, said)).to_be_visible()
    stub.send({"type": "message", "channel": "C0OPS", "message": said | {"deleted": True}})
    expect(message(page, said)).to_have_count(0)


def test_new_messages_are_announced_by_their_fallback_text(stub, open_page):
    page = open_page()
    said = stub.say(
        "C0OPS", {"text": "staging: 3 problems, 1 new &amp; bad", "blocks": [preformatted("x")]}
    )
    expect(message(page, said)).to_be_visible()
    expect(page.get_by_test_id("announcer")).to_have_text(
        "gardener: staging: 3 problems, 1 new & bad"
    )


@pytest.mark.parametrize("width", [320, 360])
def test_nothing_scrolls_sideways_on_a_phone(stub, open_page, width):
    page = open_page(width, 740, has_touch=True)
    stub.say("C0OPS", {"text": "x" * 300, "blocks": [preformatted("y" * 400)]})
    stub.say("C0OPS", {"text": "https://example.com/" + "z" * 300})

    def wide() -> list:
        return page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(
                '#feed, #home, .modal-body, .panel-github, .log-rows, .scene-list, #foot, #top, .side-scroll')]
                .filter(node => node.scrollWidth > node.clientWidth).map(node => node.id || node.className)"""
        )

    expect(page.locator("#feed").get_by_text("zzz")).to_be_visible()
    assert wide() == []
    page.get_by_test_id("action-create_issue").first.click()
    expect(page.get_by_test_id("modal")).to_be_visible()
    box = page.get_by_test_id("modal").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, width, 740)
    assert wide() == []
    page.keyboard.press("Escape")
    page.get_by_test_id("open-panes").click()
    for tab in ("github", "log", "scenes", "thread"):
        page.get_by_test_id(f"tab-{tab}").click()
        if tab == "github":
            page.locator(".issue-head").first.click()
        assert wide() == [], tab
    page.keyboard.press("Escape")
    page.get_by_test_id("open-channels").click()
    page.get_by_test_id("channel-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("3 problems")
    assert wide() == []


def test_sheets_on_a_phone_hold_the_focus_and_give_it_back(stub, open_page):
    page = open_page(360, 740)
    page.get_by_test_id("open-channels").click()
    expect(page.get_by_test_id("channel-C0OPS")).to_be_focused()
    assert page.evaluate("document.getElementById('channel').inert")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("open-channels")).to_be_focused()


CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const mix = (top, under) => top.slice(0, 3).map((v, i) => v * (top[3] ?? 1) + under[i] * (1 - (top[3] ?? 1)));
  const light = (rgb) => rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const back = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(getComputedStyle(at).backgroundColor);
    return layers.reverse().filter(c => !c.startsWith("color(")).reduce((under, c) => mix(parse(c), under), [255, 255, 255]);
  };
  const poor = [];
  for (const node of document.querySelectorAll("#app *")) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility({opacityProperty: true, visibilityProperty: true}) || node.closest(":disabled, .sr")) continue;
    const a = light(mix(parse(getComputedStyle(node).color), back(node))), b = light(back(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(`${node.className} ${ratio.toFixed(2)} ${node.textContent.slice(0, 30)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(stub, open_page, scheme):
    page = open_page(color_scheme=scheme)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(26, 29, 33)"
    assert dark == (scheme == "dark")
    assert page.evaluate(CONTRAST) == []
    for tab in ("github", "log", "thread"):
        page.get_by_test_id(f"tab-{tab}").click()
        assert page.evaluate(CONTRAST) == [], tab
    page.get_by_test_id("action-expected").first.click()
    page.get_by_test_id("submit").click()
    assert page.evaluate(CONTRAST.replace("#app *", "dialog *")) == []


def test_the_secret_is_marked_in_the_service_log(stub, open_page):
    page = open_page()
    page.get_by_test_id("tab-log").click()
    expect(page.get_by_test_id("service-log").locator("mark").first).to_have_text("hunter2-planted")
    entry = {"timestamp": "2025-09-14T03:00:00Z", "severity": "ERROR", "text": "<b>new</b> line"}
    stub.send({"type": "log", "entries": [entry]})
    expect(page.get_by_test_id("service-log")).to_contain_text("ERROR<b>new</b> line")


def test_composer_history_hints_and_thread(stub, open_page):
    page = open_page()
    composer = page.get_by_test_id("composer")
    composer.fill("/gardener st")
    expect(page.locator("#write").get_by_role("option").first).to_contain_text(
        "/gardener staging 2d"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(composer).to_have_value("/gardener staging 2d")
    page.keyboard.press("Enter")
    assert stub.posted("say")["text"] == "/gardener staging 2d"
    expect(composer).to_have_value("")
    page.keyboard.press("ArrowUp")
    expect(composer).to_have_value("/gardener staging 2d")
    parent = stub.snapshot["messages"]["C0OPS"][3]["ts"]
    page.get_by_test_id(f"replies-{parent}").click()
    expect(page.get_by_test_id("panel-thread").locator("img")).to_be_visible()
    page.get_by_test_id("thread-composer").fill("on it")
    page.keyboard.press("Enter")
    assert stub.posted("say", 2)["thread_ts"] == parent


def test_who_says_something_sees_the_answer_wherever_they_had_scrolled_to(stub, open_page):
    page = open_page(360, 740)
    last: dict = {}
    for number in range(30):
        last = stub.say("C0OPS", {"text": f"line {number}"})
    expect(message(page, last)).to_be_in_viewport()
    page.locator("#feed").evaluate("feed => { feed.scrollTop = 0 }")
    expect(message(page, last)).not_to_be_in_viewport()
    missed = stub.say("C0OPS", {"text": "not for you"})
    expect(page.locator("#feed").get_by_text("New below")).to_be_visible()
    expect(message(page, missed)).not_to_be_in_viewport()

    page.get_by_test_id("composer").fill("/gardener help")
    page.keyboard.press("Enter")
    expect(page.locator("#feed").get_by_text("New below")).to_be_hidden()
    answer = stub.say("C0OPS", {"text": "what you asked for"})
    expect(message(page, answer)).to_be_in_viewport()


def test_refused_text_comes_back_into_the_composer(stub, open_page):
    page = open_page()
    stub.errors["say"] = "The channel is archived."
    page.get_by_test_id("composer").fill("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("note")).to_have_text("The channel is archived.")
    expect(page.get_by_test_id("composer")).to_have_value("hello")


@pytest.mark.parametrize(
    ("chip", "path", "wanted"),
    [
        ("digest-now", "say", {"text": "/gardener digest now"}),
        ("break-the-service", "service", {"do": "break"}),
        ("deploy-a-fix", "service", {"do": "deploy_fix"}),
        ("silence-it", "service", {"do": "silence"}),
        ("an-hour-later", "clock", {"do": "hour"}),
        ("next-morning", "clock", {"do": "morning"}),
        ("drop-a-log-file", "file", {"name": "checkout-last-hour.jsonl", "channel": "C0OPS"}),
    ],
)
def test_chips_run_at_once(stub, open_page, chip, path, wanted):
    page = open_page()
    expect(page.get_by_test_id("welcome")).to_have_text(
        "This is the real bot. Click the first chip.↓"
    )
    page.get_by_test_id(f"chip-{chip}").click()
    assert stub.posted(path).items() >= wanted.items()
    expect(page.get_by_test_id("welcome")).to_be_hidden()


def test_a_file_dropped_anywhere_goes_to_the_bot(stub, open_page):
    page = open_page()
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["{}\\n"], "own.jsonl"));
          document.querySelector("#pane").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    assert stub.posted("file") == {
        "user": "U0ALICE",
        "channel": "C0OPS",
        "name": "own.jsonl",
        "content": "e30K",
    }


def test_a_lost_connection_is_said_and_mended(stub, open_page):
    page = open_page()
    page.get_by_test_id("composer").fill("half a thou")
    # It may stand there for a blink only, and the page's policy forbids to poll with a function.
    page.evaluate(
        """() => {
            const link = document.getElementById("link"), seen = document.documentElement.dataset;
            new MutationObserver(() => { seen.link = (seen.link ?? "") + link.textContent; })
                .observe(link, { childList: true, attributes: true });
        }"""
    )
    stub.cut()
    expect(page.locator("html")).to_have_attribute("data-link", re.compile("Trying again"))
    expect(page.get_by_test_id("link")).to_be_hidden()
    expect(page.get_by_test_id("composer")).to_have_value("half a thou")
    said = stub.say("C0OPS", {"text": "back again"})
    expect(message(page, said)).to_be_visible()


def test_acting_as_someone_else(stub, open_page):
    page = open_page()
    page.get_by_test_id("act-as").select_option("U0BOB")
    page.get_by_test_id("composer").fill("hi")
    expect(page.get_by_test_id("act-as")).to_have_value("U0BOB")
    page.get_by_test_id("composer").press("Enter")
    assert stub.posted("say")["user"] == "U0BOB"


def test_unread_badges_and_issues_and_processes(stub, open_page):
    page = open_page()
    stub.say("C0QUIET", {"text": "psst"})
    expect(page.get_by_test_id("channel-C0QUIET")).to_have_accessible_name(
        "#random, not invited, 1 unread"
    )
    link = page.locator("#feed").get_by_text("#1432 ↗")
    link.click()
    expect(page.get_by_test_id("panel-github")).to_contain_text("What happens")
    expect(page.get_by_test_id("panel-github")).not_to_contain_text("gardener:v1")
    page.get_by_test_id("issue-12-close").click()
    assert (
        stub.posted("github").items()
        >= {"repo": "acme/backend", "number": 12, "do": "close"}.items()
    )
    footer = page.get_by_test_id("footer")
    expect(footer.get_by_test_id("last-ack")).to_have_text("last ack 42 ms")
    footer.get_by_test_id("kill-worker").focus()
    page.keyboard.press("Enter")
    assert stub.posted("process") == {"name": "worker", "do": "kill"}
    stub.send({"type": "process", "name": "worker", "state": "crashed"})
    expect(footer.get_by_test_id("restart-worker")).to_be_visible()
    stub.send({"type": "scene", "at": 0, "kind": "ack", "name": "interactive", "ms": 7})
    expect(footer.get_by_test_id("last-ack")).to_have_text("last ack 7 ms")


def test_phone_switch_shows_the_channel_at_360_px(stub, open_page):
    page = open_page()
    page.get_by_test_id("phone-width").click()
    assert page.locator("#channel").bounding_box()["width"] == 360
    page.get_by_test_id("action-expected").first.click()
    expect(page.get_by_test_id("modal")).to_be_visible()
    assert page.get_by_test_id("modal").bounding_box()["width"] == 360
