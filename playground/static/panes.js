// The right-hand pane: tabs Thread, GitHub, Service log, Behind the scenes; and the phone switch.

import { startComposer } from "./composer.js";
import { h, icon, roving } from "./dom.js";
import { MessageList } from "./feed.js";
import { startGithub } from "./github.js";
import { threadMessages } from "./message.js";
import { startScenes } from "./scenes.js";
import { startServiceLog } from "./servicelog.js";
import { channelLabel, channelOf, on, state } from "./store.js";

const TABS = [
  ["thread", "Thread"],
  ["github", "GitHub"],
  ["log", "log", "Service "],
  ["scenes", "scenes", "Behind the "],
];

/** onopen: the pane wants to be seen (a sheet on phones). onclose: its close button. */
export function startPanes(host, { onopen, onclose, onphone }) {
  const tabs = new Map();
  const panels = new Map();
  const strip = h("div", { class: "tabs", role: "tablist", "aria-label": "Beside the channel" });
  for (const [id, name, long] of TABS) {
    const tab = h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${id}`,
        class: "tab",
        "data-testid": `tab-${id}`,
        "aria-controls": `panel-${id}`,
        onclick: () => select(id),
      },
      h("span", { class: "tab-text" }, long && h("span", { class: "tab-long" }, long), name),
      h("span", { class: "news", hidden: true }, h("span", { class: "sr" }, "new")),
    );
    tabs.set(id, tab);
    panels.set(
      id,
      h("section", {
        class: `panel panel-${id}`,
        role: "tabpanel",
        id: `panel-${id}`,
        "aria-labelledby": `tab-${id}`,
        "data-testid": `panel-${id}`,
      }),
    );
    strip.append(tab);
  }
  roving(strip, () => [...tabs.values()], { vertical: false, onmove: (tab) => tab.click() });
  const phone = h(
    "button",
    {
      type: "button",
      class: "phone-switch",
      role: "switch",
      "aria-checked": "false",
      "data-testid": "phone-width",
      onclick: () => {
        const isOn = phone.getAttribute("aria-checked") !== "true";
        phone.setAttribute("aria-checked", String(isOn));
        onphone(isOn);
      },
    },
    icon("phone"),
    h("span", null, "Phone width"),
  );
  host.append(
    h(
      "div",
      { class: "pane-head" },
      strip,
      h(
        "button",
        { type: "button", class: "icon-btn pane-close", "aria-label": "Close", onclick: onclose },
        icon("close"),
      ),
    ),
    ...panels.values(),
    h("div", { class: "pane-foot" }, phone),
  );

  const thread = startThread(panels.get("thread"));
  const github = startGithub(panels.get("github"));
  const log = startServiceLog(panels.get("log"));
  startScenes(panels.get("scenes"));
  let current = "scenes";

  function select(id) {
    current = id;
    for (const [name, tab] of tabs) {
      const chosen = name === id;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      panels.get(name).hidden = !chosen;
    }
    tabs.get(id).querySelector(".news").hidden = true;
    tabs.get(id).scrollIntoView({ block: "nearest", inline: "nearest" });
    if (id === "log") log.shown();
    if (id === "thread") thread.shown();
  }

  function mark(id) {
    if (current !== id) tabs.get(id).querySelector(".news").hidden = false;
  }

  select("scenes");
  on("thread", () => {
    select("thread");
    onopen();
    thread.focus();
  });
  on("issue", ({ repo, number }) => {
    select("github");
    onopen();
    github.show(repo, number);
  });
  on("github", () => mark("github"));
  on(
    "message",
    ({ message, isNew }) =>
      isNew && message.thread_ts && message.thread_ts === state.thread?.ts && mark("thread"),
  );
  return { select };
}

function startThread(host) {
  const where = h("div", { class: "thread-where" });
  const scroll = h("div", { class: "feed thread-feed" });
  const write = h("div", { class: "composer thread-composer" });
  const empty = h(
    "p",
    { class: "pane-empty" },
    "Choose “Reply in thread” on a message, or the replies below it.",
  );
  host.append(where, scroll, write, empty);
  const list = new MessageList(scroll, { inThread: true });
  const composer = startComposer(write, {
    testid: "thread-composer",
    where: () => ({ channel: state.thread.channel, thread_ts: state.thread.ts }),
    label: () => "Reply…",
    withFiles: false,
  });
  let shown = null;

  function render() {
    const open = state.thread;
    empty.hidden = Boolean(open);
    for (const part of [where, scroll, write]) part.hidden = !open;
    if (!open) return;
    if (shown !== `${open.channel}/${open.ts}`) list.clear();
    shown = `${open.channel}/${open.ts}`;
    where.textContent = `Thread in ${channelLabel(channelOf(open.channel))}`;
    list.render(open.channel, threadMessages());
  }

  on("snapshot", render);
  on("thread", render);
  on("message", ({ channel, message }) => {
    if (
      state.thread &&
      channel === state.thread.channel &&
      [message.ts, message.thread_ts].includes(state.thread.ts)
    )
      render();
  });
  render();
  // On a phone the keyboard would cover the thread.
  const focus = () =>
    matchMedia("(pointer: coarse)").matches
      ? scroll.querySelector(".message")?.focus()
      : composer.focus();
  return { focus, shown: () => list.settle() };
}
