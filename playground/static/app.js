// Puts the page together. Start reading here: each import draws one part.

import { blocks, collect } from "./blockkit.js";
import { startChips } from "./chips.js";
import { composerLabel, sendFile, startComposer } from "./composer.js";
import { h, icon, replace } from "./dom.js";
import { Announcer, MessageList } from "./feed.js";
import { ask, connect, post } from "./live.js";
import { startModals } from "./modal.js";
import { startPanes } from "./panes.js";
import { startFooter } from "./scenes.js";
import { startSidebar } from "./sidebar.js";
import { become, channelLabel, channelMessages, channelOf, emit, on, state } from "./store.js";

const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 899px)");

state.me = sessionStorage.getItem("gardener-user") || "U0ALICE";

// Sheets: on phones the sidebar and the pane slide over the channel, one at a time.
let sheet = null;
let cameFrom = null;

function openSheet(element) {
  if (!narrow.matches) return;
  cameFrom = document.activeElement;
  sheet = element;
  element.classList.add("open");
  for (const part of [$("channel"), $("foot")]) part.inert = true;
  $("scrim").hidden = false;
  element.querySelector("[aria-current], [aria-selected=true], button")?.focus();
}

function closeSheet() {
  if (!sheet) return;
  sheet.classList.remove("open");
  for (const part of [$("channel"), $("foot")]) part.inert = false;
  $("scrim").hidden = true;
  sheet = null;
  if (cameFrom?.isConnected) cameFrom.focus();
}

$("scrim").addEventListener("click", closeSheet);
document.addEventListener(
  "keydown",
  (event) =>
    event.key === "Escape" &&
    !event.defaultPrevented &&
    !document.querySelector("dialog[open]") &&
    closeSheet(),
);
narrow.addEventListener("change", closeSheet);
$("open-side").append(icon("menu"));
$("open-side").addEventListener("click", () => openSheet($("side")));
$("open-pane").append(icon("panes"));
$("open-pane").addEventListener("click", () => {
  $("open-pane").classList.remove("has-news");
  openSheet($("pane"));
});

startSidebar($("side"), {
  onpicked: closeSheet,
  onuser: (user) => {
    sessionStorage.setItem("gardener-user", user);
    closeSheet();
    become(user);
    feed.clear();
    connect(user);
  },
});
startPanes($("pane"), {
  onopen: () => openSheet($("pane")),
  onclose: closeSheet,
  onphone: (isOn) => {
    $("app").classList.toggle("phone", isOn);
    document.documentElement.classList.toggle("phone-modals", isOn);
    frameModals();
  },
});
startFooter($("foot"));
startModals();

// With the phone switch on, modals fill the phone and not the window.
function frameModals() {
  const frame = $("channel").getBoundingClientRect();
  for (const [name, value] of Object.entries({
    left: frame.left,
    top: frame.top,
    width: frame.width,
    height: frame.height,
  }))
    document.documentElement.style.setProperty(`--phone-${name}`, `${value}px`);
}
new ResizeObserver(frameModals).observe($("channel"));

const feed = new MessageList($("feed"));
const announcer = new Announcer($("announcer"));
const composer = startComposer($("composer"), {
  testid: "composer",
  where: () => ({}),
  label: composerLabel,
  withFiles: true,
});
startChips($("chips"), $("welcome"));

let homeFields = new Map();

function renderChannel() {
  const home = state.channel === "home";
  const channel = channelOf(state.channel);
  $("feed").hidden = home;
  $("home").hidden = !home;
  $("write").hidden = home;
  document.title = `${home ? "App Home" : channelLabel(channel)} · Gardener playground`;
  replace($("channel-name"), home ? "gardener" : channelLabel(channel));
  replace($("channel-note"), home ? "App Home" : noteOf(channel));
  if (home) return renderHome();
  feed.render(state.channel, channelMessages(state.channel), () => emptyNode(channel));
}

function noteOf(channel) {
  if (!channel || channel.im) return "";
  if (!channel.member) return "gardener is not in this channel";
  return channel.shared ? "shared with another company" : "gardener is here";
}

function emptyNode(channel) {
  const text = channel?.im
    ? "Only you and gardener are here. Type /gardener help."
    : channel?.member
      ? "Nothing was said here yet. gardener answers to /gardener and to @gardener."
      : "gardener is not in this channel: what it answers, only you see.";
  return h("div", { class: "start" }, h("h3", null, channelLabel(channel)), h("p", null, text));
}

function renderHome() {
  const view = state.home;
  const drawn = blocks(view?.blocks, {
    idBase: "home",
    values: { ...view?.state?.values, ...collect(homeFields) },
    act: async (action, node) => {
      state.opener = node.getAttribute("data-key");
      node.setAttribute("aria-busy", "true");
      await ask("action", {
        user: state.me,
        container: { type: "view", view_id: view.id },
        action,
        state: { values: collect(drawn.fields) },
      });
      node.removeAttribute("aria-busy");
    },
  });
  homeFields = drawn.fields;
  replace(
    $("home"),
    drawn.nodes.length
      ? drawn.nodes
      : h(
          "div",
          { class: "start" },
          h("h3", null, "App Home"),
          h("p", null, "gardener has put nothing here for you yet."),
        ),
  );
}

on("snapshot", renderChannel);
on("channels", renderChannel);
on("home", () => state.channel === "home" && renderHome());
on("channel", () => {
  replace($("note"));
  feed.clear();
  renderChannel();
  if (state.channel === "home") post("home", { user: state.me });
  else if (!narrow.matches) composer.focus();
});
on("message", ({ channel, message, isNew }) => {
  const inThread = message.thread_ts && message.thread_ts !== message.ts;
  if (channel !== state.channel) return;
  if (inThread) feed.touch(message.thread_ts);
  renderChannel();
  announcer.tell(message, isNew);
  if (isNew && !inThread) feed.arrived();
  if (isNew && inThread && narrow.matches) $("open-pane").classList.add("has-news");
});
// Whoever says something looks for the answer, wherever they had scrolled to.
on("sent", () => feed.toEnd());
on("link", () => {
  $("link").hidden = state.link === "open";
  $("link").textContent =
    state.link === "lost"
      ? "The connection to the playground is gone. Trying again; what you typed stays."
      : "Connecting…";
});

// Short notes above the composer; a problem stays longer.
let noteTimer = null;
on("say", ({ text, kind }) => {
  clearTimeout(noteTimer);
  replace($("note"), text);
  $("note").className = `note ${kind}`;
  noteTimer = setTimeout(() => replace($("note")), kind === "problem" ? 15000 : 7000);
});

// A file dropped anywhere goes to @gardener in this channel.
let dragDepth = 0;
const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  dragDepth++;
  $("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (hasFiles(event) && --dragDepth <= 0) $("drop").hidden = true;
});
addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  dragDepth = 0;
  $("drop").hidden = true;
  if (!hasFiles(event)) return;
  event.preventDefault();
  for (const file of event.dataTransfer.files) sendFile(file);
});

// F6 walks the regions, as in Slack.
addEventListener("keydown", (event) => {
  if (event.key !== "F6" || narrow.matches) return;
  event.preventDefault();
  const stops = [
    $("side").querySelector("[aria-current]"),
    $("feed").querySelector("[tabindex='0']"),
    $("composer").querySelector("textarea"),
    $("pane").querySelector("[aria-selected=true]"),
  ].filter(Boolean);
  const at = stops.findIndex(
    (stop) =>
      stop.closest("nav, main, aside, #write") ===
      document.activeElement?.closest("nav, main, aside, #write"),
  );
  stops[(at + (event.shiftKey ? stops.length - 1 : 1)) % stops.length].focus();
});

emit("link");
connect(state.me);
