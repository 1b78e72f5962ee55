// Slack's mrkdwn as DOM nodes. What is not mrkdwn stays text, so markup in it is shown, not run.

import { h, safeUrl } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { channelLabel, channelOf, userOf } from "./store.js";

const FENCE = /```\n?([\s\S]*?)```\n?/g;
const TOKEN = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]{1,40}):|([*_~])|(\n)/g;
const STYLES = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;

/** Nodes for a mrkdwn string. */
export function mrkdwn(text) {
  const source = String(text ?? "");
  const nodes = [];
  let at = 0;
  for (const fence of source.matchAll(FENCE)) {
    nodes.push(...paragraphs(source.slice(at, fence.index)));
    nodes.push(h("pre", { class: "pre", tabindex: "0" }, decode(fence[1].replace(/\n$/, ""))));
    at = fence.index + fence[0].length;
  }
  nodes.push(...paragraphs(source.slice(at)));
  return nodes;
}

/** plain_text: literal but for emoji names, which Slack draws unless emoji is false. */
export function plain(text, emoji = true) {
  if (!emoji) return [String(text ?? "")];
  return String(text ?? "")
    .split(/:([a-z0-9_+-]{1,40}):/)
    .flatMap((part, index) => (index % 2 ? emojiNode(part) : glyphs(part)));
}

/** A Block Kit text object, of either type. */
export function textObject(object) {
  if (!object) return [];
  return object.type === "mrkdwn"
    ? mrkdwn(object.text)
    : plain(object.text, object.emoji !== false);
}

/** The words of a mrkdwn string alone: for announcements and titles. */
export function words(text) {
  return mrkdwn(text)
    .map((node) => (typeof node === "string" ? node : node.textContent))
    .join("");
}

const decode = (text) =>
  text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);

// Lines that begin with > form a quote; the rest is running text.
function paragraphs(text) {
  if (!text) return [];
  const nodes = [];
  let quoted = null;
  const lines = text.split("\n");
  let plainLines = [];
  const flushPlain = () => {
    if (plainLines.length) nodes.push(...inline(plainLines.join("\n")));
    plainLines = [];
  };
  const flushQuote = () => {
    if (quoted) nodes.push(h("blockquote", null, inline(quoted.join("\n"))));
    quoted = null;
  };
  for (const line of lines) {
    const quote = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quote) {
      flushPlain();
      (quoted ||= []).push(quote[1]);
    } else {
      flushQuote();
      plainLines.push(line);
    }
  }
  flushPlain();
  flushQuote();
  return nodes;
}

function inline(text) {
  const tokens = [];
  let at = 0;
  const literal = (piece) =>
    piece && tokens.push(...glyphs(decode(piece)).map((node) => ({ node })));
  for (const match of text.matchAll(TOKEN)) {
    literal(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [whole, code, angle, emoji, mark] = match;
    if (code !== undefined) tokens.push({ node: h("code", null, decode(code)) });
    else if (angle !== undefined) tokens.push({ node: angled(angle) });
    else if (emoji !== undefined) tokens.push({ node: emojiNode(emoji) });
    else if (mark) {
      const before = text[match.index - 1] ?? " ";
      const after = text[at] ?? " ";
      const opens = !WORD.test(before) && before !== mark && !/\s/.test(after) && after !== mark;
      const closes = !/\s/.test(before) && before !== mark && !WORD.test(after);
      tokens.push({ node: mark, mark, opens, closes });
    } else tokens.push({ node: whole, line: true });
  }
  literal(text.slice(at));
  return styled(tokens, 0, tokens.length);
}

// Pairs the marks of one line. A mark without a partner is remembered, so no line is read twice.
function styled(tokens, from, to) {
  const nodes = [];
  const alone = {};
  for (let i = from; i < to; i++) {
    const token = tokens[i];
    const end = token.opens && !(alone[token.mark] > i) ? partner(tokens, i, to) : -1;
    if (end > 0) {
      nodes.push(h(STYLES[token.mark], null, styled(tokens, i + 1, end)));
      i = end;
      continue;
    }
    if (token.opens) alone[token.mark] = lineEnd(tokens, i, to);
    nodes.push(token.node);
  }
  return nodes;
}

function partner(tokens, at, to) {
  for (let i = at + 2; i < to && !tokens[i].line; i++)
    if (tokens[i].mark === tokens[at].mark && tokens[i].closes) return i;
  return -1;
}

function lineEnd(tokens, at, to) {
  let i = at;
  while (i < to && !tokens[i].line) i++;
  return i;
}

// What stands between < and >. Anything that is none of Slack's forms is shown as it was written.
function angled(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? null : decode(inside.slice(bar + 1));
  if (/^@[UW][A-Z0-9]+$/.test(target)) return mention(target.slice(1), label);
  if (/^#[CG][A-Z0-9]+$/.test(target)) {
    const channel = channelOf(target.slice(1));
    return h(
      "span",
      { class: "mention" },
      channel ? channelLabel(channel) : `#${label || "private channel"}`,
    );
  }
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, label || "@group");
  if (/^!(here|channel|everyone)$/.test(target))
    return h("span", { class: "mention" }, `@${target.slice(1)}`);
  if (/^(https?:|mailto:)/i.test(target)) return link(decode(target), label);
  return decode(`<${inside}>`);
}

export function mention(id, label) {
  return h("span", { class: "mention" }, `@${(label || userOf(id).name).replace(/^@/, "")}`);
}

export function link(url, label) {
  const href = safeUrl(url);
  const text = label || url.replace(/^mailto:/, "");
  if (!href) return text;
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

export function emojiNode(name) {
  const glyph = emojiOf(name);
  if (!glyph) return `:${name}:`;
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " ") }, glyph);
}

// Emoji characters get the colour font, also where the text font has a plain glyph of its own.
function glyphs(text) {
  return text
    .split(/((?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F)+)/u)
    .map((part, index) => (index % 2 ? h("span", { class: "emoji" }, part) : part))
    .filter((part) => part !== "");
}

const FORMATS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

// <!date^unix^format^link|fallback>, in the reader's own time zone.
function dateNode(target, fallback) {
  const [, unix, format, url] = target.split("^");
  const when = new Date(Number(unix) * 1000);
  if (!format || Number.isNaN(when.getTime())) return fallback ?? "";
  const text = decode(format).replace(/\{([a-z_]+)\}/g, (whole, name) => {
    if (name === "ago") return ago(when);
    const base = name.replace(/_pretty$/, "");
    if (!Object.hasOwn(FORMATS, base)) return whole;
    if (name !== base && dayName(when)) return dayName(when);
    return new Intl.DateTimeFormat(undefined, { ...FORMATS[base], hourCycle: "h23" }).format(when);
  });
  const time = h(
    "time",
    { datetime: when.toISOString(), title: fallback || when.toISOString() },
    text,
  );
  const href = url && safeUrl(url);
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, time) : time;
}

/** "today", "yesterday", "tomorrow", or null. */
export function dayName(when, now = new Date()) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((midnight(when) - midnight(now)) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] || null;
}

function ago(when) {
  const seconds = (when.getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ])
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(Math.round(seconds), "second");
}
