// Block Kit blocks as DOM nodes, for messages, modals and App Home.

import { h } from "./dom.js";
import { element, picture } from "./elements.js";
import { markdown } from "./markdown.js";
import { plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

let serial = 0;

/**
 * Nodes of blocks.
 *
 * ctx: {idBase, act(action, node), openUrl?(url) → bool, values?, errors?: {block_id: text}}.
 * Answers {nodes, fields}: fields maps "block/action" → {read(), empty(), node, optional, inInput}.
 */
export function blocks(list, ctx) {
  const fields = new Map();
  const nodes = (list || []).map((block, index) => {
    const inner = { ...ctx, fields, blockId: block.block_id || `b${index}` };
    return (DRAW[block.type] || unknown)(block, inner);
  });
  return { nodes, fields };
}

/** Slack's state.values: {block_id: {action_id: {type, value | selected_option | …}}}. */
export function collect(fields) {
  const values = {};
  for (const [name, field] of fields) {
    const cut = name.indexOf("/");
    (values[name.slice(0, cut)] ||= {})[name.slice(cut + 1)] = field.read();
  }
  return values;
}

function unknown(block) {
  return h("div", { class: "block unknown" }, `[${block.type}]`);
}

function section(block, ctx) {
  const accessory = block.accessory && element(block.accessory, ctx);
  return h(
    "div",
    { class: "block section" },
    h(
      "div",
      { class: "section-text" },
      block.text && h("div", { class: "text" }, textObject(block.text)),
      block.fields &&
        h(
          "div",
          { class: "fields" },
          block.fields.map((field) => h("div", { class: "text" }, textObject(field))),
        ),
    ),
    accessory && h("div", { class: `accessory accessory-${block.accessory.type}` }, accessory),
  );
}

function context(block, ctx) {
  const parts = (block.elements || []).map((part) =>
    part.type === "image"
      ? h("span", { class: "context-image" }, picture(part))
      : h("span", { class: "text" }, textObject(part)),
  );
  return h("div", { class: "block context" }, parts);
}

function actions(block, ctx) {
  return h(
    "div",
    { class: "block actions" },
    (block.elements || []).map((el) => element(el, ctx)),
  );
}

function image(block) {
  return h(
    "figure",
    { class: "block image" },
    block.title && h("figcaption", null, textObject(block.title)),
    picture(block),
  );
}

const CHOICES = ["radio_buttons", "checkboxes"];

function input(block, ctx) {
  const id = `field-${++serial}`;
  const error = ctx.errors?.[block.block_id];
  const described = [block.hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const node = element(block.element, {
    ...ctx,
    inInput: true,
    dispatches: block.dispatch_action === true,
    labelled: { id, describedBy: described },
  });
  const field = ctx.fields.get(`${ctx.blockId}/${block.element.action_id}`);
  const grouped = CHOICES.includes(block.element.type);
  const complaint = h("div", { class: "error", id: `${id}-error`, role: "alert" }, error);
  complaint.hidden = !error;
  if (field) {
    field.inInput = true;
    field.optional = block.optional === true;
    field.limits = { min: block.element.min_length, max: block.element.max_length };
    field.complain = (text) => {
      complaint.textContent = text || "";
      complaint.hidden = !text;
      field.node.setAttribute("aria-invalid", String(Boolean(text)));
    };
    if (error) field.node.setAttribute("aria-invalid", "true");
  }
  return h(
    "div",
    { class: "block input", "data-block": block.block_id },
    h(
      grouped ? "div" : "label",
      { class: "label", for: grouped ? null : id, id: `${id}-label` },
      plain(block.label?.text),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    node,
    complaint,
    block.hint && h("div", { class: "hint", id: `${id}-hint` }, plain(block.hint.text)),
  );
}

const DRAW = {
  section,
  context,
  actions,
  image,
  input,
  header: (block) => h("h3", { class: "block header" }, textObject(block.text)),
  divider: () => h("hr", { class: "block divider" }),
  rich_text: (block) => h("div", { class: "block rich" }, richText(block)),
  markdown: (block) => h("div", { class: "block markdown" }, markdown(block.text)),
};
