// rich_text blocks: literal text with styles, lists, quotes and preformatted lines.

import { h } from "./dom.js";
import { emojiNode, link, mention } from "./mrkdwn.js";
import { channelLabel, channelOf } from "./store.js";

/** The nodes of a rich_text block. */
export function richText(block) {
  return (block.elements || []).map(
    (part) => PARTS[part.type]?.(part) ?? h("p", null, `[${part.type}]`),
  );
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rt-section" }, spans(part.elements)),
  rich_text_preformatted: (part) =>
    h("pre", { class: "pre", tabindex: "0", "aria-label": "Preformatted" }, spans(part.elements)),
  rich_text_quote: (part) => h("blockquote", null, spans(part.elements)),
  rich_text_list: (part) => {
    const ordered = part.style === "ordered";
    const list = h(
      ordered ? "ol" : "ul",
      { class: `rt-list rt-indent-${Math.min(part.indent || 0, 5)}` },
      (part.elements || []).map((item) => h("li", null, spans(item.elements))),
    );
    if (ordered && part.offset) list.start = part.offset + 1;
    return list;
  },
};

function spans(elements) {
  return (elements || []).map((element) => styled(span(element), element.style));
}

function span(element) {
  switch (element.type) {
    case "text":
      return element.text;
    case "link":
      return link(element.url, element.text);
    case "emoji": {
      const node = emojiNode(element.name);
      if (typeof node !== "string" || !element.unicode) return node;
      const points = element.unicode.split("-").map((code) => parseInt(code, 16));
      return String.fromCodePoint(...points);
    }
    case "user":
      return mention(element.user_id);
    case "channel":
      return h(
        "span",
        { class: "mention" },
        channelLabel(channelOf(element.channel_id)) || "#private channel",
      );
    case "usergroup":
      return h("span", { class: "mention" }, "@oncall");
    case "broadcast":
      return h("span", { class: "mention" }, `@${element.range}`);
    case "date":
      return h(
        "time",
        null,
        element.fallback || new Date(element.timestamp * 1000).toLocaleString(),
      );
    case "color":
      return element.value;
    default:
      return `[${element.type}]`;
  }
}

function styled(node, style) {
  if (!style) return node;
  let inner = node;
  if (style.code) inner = h("code", null, inner);
  if (style.strike) inner = h("s", null, inner);
  if (style.italic) inner = h("em", null, inner);
  if (style.bold) inner = h("strong", null, inner);
  return inner;
}
