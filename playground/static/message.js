// One message as Slack draws it: author, time, blocks or text, files, replies.

import { blocks, collect } from "./blockkit.js";
import { h, icon, safeUrl } from "./dom.js";
import { ask } from "./live.js";
import { emojiNode, mrkdwn } from "./mrkdwn.js";
import { BOT, emit, messageAt, openThread, state, threadReplies, userOf } from "./store.js";

const HUES = ["#5b3a8c", "#1f6f8b", "#8a4b12", "#7a2f57", "#2f6b3a", "#46518f"];

export function avatar(id) {
  const user = userOf(id);
  if (id === BOT) return h("span", { class: "avatar bot", "aria-hidden": "true" }, icon("sprout"));
  const node = h(
    "span",
    { class: "avatar", "aria-hidden": "true" },
    user.initials || user.name.slice(0, 1),
  );
  const sum = [...String(id)].reduce((total, char) => total + char.codePointAt(0), 0);
  node.style.background = HUES[sum % HUES.length];
  return node;
}

export const clock = (ts) =>
  new Date(Number(ts) * 1000).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });

/** Answers {node, fields}; fields are the readers of the message's own inputs. */
export function messageNode(channel, message, { inThread = false, values } = {}) {
  const idBase = `${inThread ? "t" : "m"}/${channel}/${message.ts}`;
  const drawn = blocks(message.blocks, {
    idBase,
    values,
    openUrl: (url) => openIssue(url),
    act: (action, node) => act(channel, message, drawn.fields, action, node),
  });
  const user = userOf(message.user);
  const when = new Date(Number(message.ts) * 1000);
  const node = h(
    "article",
    {
      class: `message ${message.ephemeral_for ? "ephemeral" : ""}`,
      "data-testid": `${inThread ? "thread-" : ""}message-${message.ts}`,
      "data-key": idBase,
      tabindex: "-1",
      "aria-label": `${user.name}, ${clock(message.ts)}`,
    },
    message.ephemeral_for && h("div", { class: "only-you" }, icon("eye"), "Only visible to you"),
    h(
      "div",
      { class: "gutter" },
      avatar(message.user),
      h("time", { class: "gutter-time", "aria-hidden": "true" }, clock(message.ts)),
    ),
    h(
      "div",
      { class: "content" },
      h(
        "div",
        { class: "byline" },
        h("span", { class: "name" }, user.name),
        message.bot && h("span", { class: "app-tag" }, "APP"),
        h(
          "time",
          { class: "time", datetime: when.toISOString(), title: when.toLocaleString() },
          clock(message.ts),
        ),
      ),
      drawn.nodes.length
        ? drawn.nodes
        : message.text && h("div", { class: "text block" }, mrkdwn(message.text)),
      message.edited && h("span", { class: "edited" }, "(edited)"),
      (message.files || []).map(fileNode),
      reactions(message),
      !inThread && replies(channel, message),
    ),
    !inThread && !message.ephemeral_for && toolbar(channel, message),
  );
  return { node, fields: drawn.fields };
}

function reactions(message) {
  const given = Object.entries(message.reactions || {});
  if (!given.length) return null;
  return h(
    "div",
    { class: "reactions" },
    given.map(([name, users]) =>
      h(
        "span",
        { class: "reaction", title: users.map((id) => userOf(id).name).join(", ") },
        emojiNode(name),
        ` ${users.length}`,
      ),
    ),
  );
}

function replies(channel, message) {
  const held = threadReplies(channel, message.ts);
  const count = Math.max(message.reply_count || 0, held.length);
  if (!count) return null;
  const last = held.at(-1);
  return h(
    "button",
    {
      class: "replies",
      type: "button",
      "data-testid": `replies-${message.ts}`,
      onclick: () => openThread(channel, message.ts),
    },
    last && avatar(last.user),
    h("span", { class: "replies-count" }, `${count} ${count === 1 ? "reply" : "replies"}`),
    last && h("span", { class: "replies-last" }, `Last at ${clock(last.ts)}`),
  );
}

function toolbar(channel, message) {
  return h(
    "div",
    { class: "toolbar" },
    h(
      "button",
      {
        type: "button",
        class: "icon-btn",
        "aria-label": "Reply in thread",
        title: "Reply in thread",
        onclick: () => openThread(channel, message.thread_ts || message.ts),
      },
      icon("reply"),
    ),
  );
}

function fileNode(file) {
  if (file.deleted) return h("div", { class: "file" }, h("span", { class: "hint" }, file.name));
  const href = safeUrl(file.url);
  const local = href && new URL(href).origin === location.origin;
  if (/^image\//.test(file.mimetype || "") && local)
    return h(
      "figure",
      { class: "file image-file" },
      h("figcaption", null, file.name),
      h("img", { src: href, alt: file.title || file.name, class: "picture" }),
    );
  const lines = (file.preview || "").trimEnd().split("\n");
  const partial = file.preview && file.preview.length < file.size - 3;
  const size =
    file.size >= 1024 ? `${(file.size / 1024).toFixed(1)} kB` : `${file.size ?? 0} bytes`;
  return h(
    "div",
    { class: "file" },
    h(
      "div",
      { class: "file-head" },
      icon("file"),
      local
        ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, file.name)
        : h("span", null, file.name),
      h("span", { class: "hint" }, size),
    ),
    file.preview &&
      h(
        "details",
        { open: lines.length <= 12 && file.preview.length <= 1200 },
        h("summary", null, `${partial ? "first " : ""}${lines.length} lines`),
        h(
          "pre",
          { class: "pre file-preview", tabindex: "0", "aria-label": `Preview of ${file.name}` },
          file.preview,
        ),
      ),
  );
}

// A link to an issue of the GitHub stand-in opens the GitHub tab: there is nothing behind it.
function openIssue(url) {
  for (const repo of state.repos.values())
    for (const issue of repo.issues || [])
      if (issue.html_url === url) {
        emit("issue", { repo: repo.full_name, number: issue.number });
        return true;
      }
  return false;
}

async function act(channel, message, fields, action, node) {
  state.opener = node.getAttribute("data-key");
  node.setAttribute("aria-busy", "true");
  await ask("action", {
    user: state.me,
    container: { type: "message", channel, ts: message.ts },
    action,
    state: { values: collect(fields) },
  });
  node.removeAttribute("aria-busy");
}

/** The first message of the open thread and its replies. */
export function threadMessages() {
  if (!state.thread) return [];
  const { channel, ts } = state.thread;
  const first = messageAt(channel, ts);
  return [...(first ? [first] : []), ...threadReplies(channel, ts)];
}
