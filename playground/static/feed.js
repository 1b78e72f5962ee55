// A list of messages that is patched, not redrawn: focus, scroll and typed values survive edits.

import { collect } from "./blockkit.js";
import { h, icon } from "./dom.js";
import { messageNode } from "./message.js";
import { dayName, words } from "./mrkdwn.js";
import { userOf } from "./store.js";

const GROUP_SECONDS = 300; // Slack draws the author once for messages this close
const NEAR_END_PX = 80;

export class MessageList {
  /** host: the scrolling element, which this list fills. */
  constructor(host, { inThread = false } = {}) {
    this.host = host;
    this.inThread = inThread;
    this.entries = new Map(); // ts or day → {node, message?, fields?, replies?}
    this.stuck = true;
    this.list = h("div", { class: "message-list" });
    this.more = h(
      "button",
      { class: "jump", type: "button", onclick: () => this.toEnd() },
      icon("down"),
      "New below",
    );
    this.more.hidden = true;
    host.append(this.list, this.more);
    host.addEventListener("scroll", () => this.noticeScroll(), { passive: true });
    host.addEventListener("load", () => this.settle(), true);
    new ResizeObserver(() => this.settle()).observe(host);
    this.list.addEventListener("keydown", (event) => this.walk(event));
  }

  clear() {
    this.entries.clear();
    this.list.replaceChildren();
    this.stuck = true;
    this.more.hidden = true;
  }

  render(channel, messages, empty) {
    const focused = this.list.contains(document.activeElement)
      ? document.activeElement.closest("[data-key]")?.getAttribute("data-key")
      : null;
    const wanted = [];
    let previous = null;
    for (const message of messages) {
      const day = new Date(Number(message.ts) * 1000).toDateString();
      const isNewDay = !previous || new Date(Number(previous.ts) * 1000).toDateString() !== day;
      if (isNewDay && !this.inThread) wanted.push(this.divider(day));
      const node = this.entry(channel, message);
      node.classList.toggle("compact", !isNewDay && belongs(previous, message));
      wanted.push(node);
      previous = message;
    }
    if (!wanted.length && empty) wanted.push(empty());
    this.place(wanted);
    for (const [key, entry] of this.entries) if (!entry.node.isConnected) this.entries.delete(key);
    if (focused && !this.list.contains(document.activeElement)) this.refocus(focused);
    this.rove();
    this.settle();
  }

  entry(channel, message) {
    const known = this.entries.get(message.ts);
    const mark = this.inThread ? 0 : message.reply_count;
    if (known?.message === message && known.mark === mark && !known.stale) return known.node;
    const values = known && collect(known.fields);
    const drawn = messageNode(channel, message, { inThread: this.inThread, values });
    this.entries.set(message.ts, { ...drawn, message, mark });
    return drawn.node;
  }

  /** Draw this message anew at the next render, for example since it got a reply. */
  touch(ts) {
    const entry = this.entries.get(ts);
    if (entry) entry.stale = true;
  }

  divider(day) {
    const known = this.entries.get(day);
    if (known) return known.node;
    const when = new Date(day);
    const name =
      dayName(when) ||
      when.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
    const node = h(
      "div",
      { class: "day", role: "separator" },
      h("span", null, name[0].toUpperCase() + name.slice(1)),
    );
    this.entries.set(day, { node });
    return node;
  }

  place(wanted) {
    let at = this.list.firstChild;
    for (const node of wanted) {
      if (node === at) at = at.nextSibling;
      else this.list.insertBefore(node, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  refocus(key) {
    const same = this.list.querySelector(`[data-key="${CSS.escape(key)}"]`);
    const message = key.split("/").slice(0, 3).join("/");
    const target = same || this.list.querySelector(`[data-key="${CSS.escape(message)}"]`);
    target?.focus({ preventScroll: true });
  }

  // One message is in the tab order; arrow keys walk from it, Tab goes to its buttons.
  rove() {
    const all = this.messages();
    if (!all.some((node) => node.tabIndex === 0) && all.length) all.at(-1).tabIndex = 0;
  }

  messages() {
    return [...this.list.querySelectorAll(":scope > .message")];
  }

  walk(event) {
    const all = this.messages();
    const at = all.indexOf(event.target);
    if (at < 0 || !["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const to = {
      ArrowUp: Math.max(0, at - 1),
      ArrowDown: Math.min(all.length - 1, at + 1),
      Home: 0,
      End: all.length - 1,
    };
    all[at].tabIndex = -1;
    const next = all[to[event.key]];
    next.tabIndex = 0;
    next.focus();
  }

  // A last message taller than the window is shown from its first line, which is the headline.
  restingPlace() {
    const last = this.list.lastElementChild;
    const end = this.host.scrollHeight - this.host.clientHeight;
    if (!last) return end;
    const tall = last.offsetHeight > this.host.clientHeight - 16;
    return tall ? Math.min(end, last.offsetTop - 8) : end;
  }

  noticeScroll() {
    const { scrollTop } = this.host;
    const end = this.host.scrollHeight - this.host.clientHeight;
    this.stuck = scrollTop >= end - NEAR_END_PX || Math.abs(scrollTop - this.restingPlace()) < 8;
    if (this.stuck) this.more.hidden = true;
  }

  settle() {
    if (this.stuck) this.host.scrollTop = this.restingPlace();
  }

  toEnd() {
    this.stuck = true;
    this.more.hidden = true;
    this.settle();
  }

  /** Something new arrived at the end. */
  arrived() {
    if (!this.stuck) this.more.hidden = false;
  }
}

function belongs(previous, message) {
  return (
    previous &&
    previous.user === message.user &&
    !previous.ephemeral_for &&
    !message.ephemeral_for &&
    Number(message.ts) - Number(previous.ts) < GROUP_SECONDS
  );
}

/**
 * Reads messages out, each once: a new one at once, an edited one when it has been still for a
 * while, so that progress every three seconds does not talk over everything.
 */
export class Announcer {
  constructor(region) {
    this.region = region;
    this.waiting = new Map();
  }

  tell(message, isNew) {
    clearTimeout(this.waiting.get(message.ts));
    if (message.deleted) return;
    if (isNew) this.say(message);
    else
      this.waiting.set(
        message.ts,
        setTimeout(() => this.say(message), 4500),
      );
  }

  say(message) {
    const mark = message.ephemeral_for ? " (only visible to you)" : "";
    this.region.append(
      h("p", null, `${userOf(message.user).name}${mark}: ${words(message.text).slice(0, 400)}`),
    );
    while (this.region.childElementCount > 20) this.region.firstChild.remove();
  }
}
