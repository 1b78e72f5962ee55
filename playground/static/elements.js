// Block Kit's interactive elements. Each draws itself and, where it holds a value, registers a
// reader, so that a form can be collected in the shape of Slack's `state.values`.

import { h, icon, safeUrl } from "./dom.js";
import { askConfirm, checklistButton, menuButton } from "./menu.js";
import { plain, textObject } from "./mrkdwn.js";
import { channelLabel, state } from "./store.js";

/**
 * The node of one element.
 *
 * ctx: {blockId, idBase, act(action, node), fields: Map, values?: state.values, inInput: bool,
 *       dispatches: bool, labelled?: {id, describedBy}}. act is called for a click or, outside
 * input blocks, for a change; `fields` gets "block/action" → {read(), empty(), node}.
 */
export function element(el, ctx) {
  const draw = DRAW[el.type];
  if (!draw) return h("span", { class: "unknown" }, `[${el.type}]`);
  return draw(el, ctx);
}

const key = (el, ctx) => `${ctx.blockId}/${el.action_id}`;
const before = (el, ctx) => ctx.values?.[ctx.blockId]?.[el.action_id];

function attributes(el, ctx) {
  return {
    "data-key": `${ctx.idBase}/${key(el, ctx)}`,
    id: ctx.labelled?.id,
    "aria-describedby": ctx.labelled?.describedBy,
    "aria-label": ctx.labelled
      ? null
      : el.accessibility_label || el.placeholder?.text || el.action_id,
  };
}

function register(el, ctx, node, read, empty) {
  ctx.fields.set(key(el, ctx), { node, read: () => ({ type: el.type, ...read() }), empty });
}

async function send(el, ctx, node, payload) {
  if (!(await askConfirm(el.confirm))) return false;
  ctx.act({ type: el.type, block_id: ctx.blockId, action_id: el.action_id, ...payload }, node);
  return true;
}

// Outside an input block every change is an action; inside only with dispatch_action.
function changed(el, ctx, node, payload) {
  if (!ctx.inInput || ctx.dispatches) send(el, ctx, node, payload());
}

const slim = (option) => ({ text: option.text, value: option.value });
const allOptions = (el) => el.options || (el.option_groups || []).flatMap((group) => group.options);

function button(el, ctx) {
  const href = el.url && safeUrl(el.url);
  const style = el.style === "primary" || el.style === "danger" ? el.style : "";
  const props = {
    class: `btn ${style}`,
    "data-key": `${ctx.idBase}/${key(el, ctx)}`,
    "data-testid": `action-${el.action_id}`,
    "aria-label": el.accessibility_label,
    onclick: (event) => {
      const opened = href && ctx.openUrl?.(el.url);
      if (opened) event.preventDefault();
      send(el, ctx, event.currentTarget, { text: el.text, value: el.value });
    },
  };
  if (href)
    return h(
      "a",
      { ...props, href, target: "_blank", rel: "noopener noreferrer" },
      textObject(el.text),
    );
  return h("button", { ...props, type: "button" }, textObject(el.text));
}

function overflow(el, ctx) {
  const trigger = h(
    "button",
    {
      class: "btn more",
      type: "button",
      "data-key": `${ctx.idBase}/${key(el, ctx)}`,
      "data-testid": `action-${el.action_id}`,
      "aria-label": el.accessibility_label || "More actions",
    },
    "⋯",
  );
  const items = (el.options || []).map((option) => ({
    label: textObject(option.text),
    description: option.description && textObject(option.description),
    url: option.url && safeUrl(option.url),
  }));
  return h(
    "span",
    { class: "menu-wrap" },
    menuButton(trigger, items, (index) => {
      trigger.focus();
      send(el, ctx, trigger, { selected_option: slim(el.options[index]) });
    }),
  );
}

function staticSelect(el, ctx) {
  const options = allOptions(el);
  const chosen = before(el, ctx) ? before(el, ctx).selected_option : el.initial_option;
  const optionNode = (option) =>
    h(
      "option",
      { value: String(options.indexOf(option)), selected: option.value === chosen?.value },
      plain(option.text.text)
        .map((n) => n.textContent ?? n)
        .join(""),
    );
  const node = h(
    "select",
    { class: "field select", ...attributes(el, ctx), onchange: () => changed(el, ctx, node, read) },
    h("option", { value: "" }, el.placeholder?.text || "Choose an option"),
    el.option_groups
      ? el.option_groups.map((group) =>
          h("optgroup", { label: group.label.text }, group.options.map(optionNode)),
        )
      : options.map(optionNode),
  );
  const read = () => ({
    selected_option: node.value === "" ? null : slim(options[Number(node.value)]),
  });
  register(el, ctx, node, read, () => node.value === "");
  return node;
}

// users_select, conversations_select, channels_select: a list the page itself knows.
function knownSelect(field, list) {
  return (el, ctx) => {
    const chosen = before(el, ctx)?.[field] || el[`initial_${field.replace("selected_", "")}`];
    const node = h(
      "select",
      {
        class: "field select",
        ...attributes(el, ctx),
        onchange: () => changed(el, ctx, node, read),
      },
      h("option", { value: "" }, el.placeholder?.text || "Choose"),
      list().map(({ id, name }) => h("option", { value: id, selected: id === chosen }, name)),
    );
    const read = () => ({ [field]: node.value || null });
    register(el, ctx, node, read, () => !node.value);
    return node;
  };
}

function multiSelect(el, ctx) {
  const options = allOptions(el);
  const initial = (before(el, ctx) ? before(el, ctx).selected_options : el.initial_options) || [];
  let chosen = options.flatMap((o, i) => (initial.some((c) => c.value === o.value) ? [i] : []));
  const trigger = h("button", {
    class: "field select multi",
    type: "button",
    ...attributes(el, ctx),
  });
  const show = () => {
    trigger.replaceChildren();
    if (!chosen.length)
      trigger.append(h("span", { class: "placeholder" }, el.placeholder?.text || "Choose options"));
    for (const index of chosen)
      trigger.append(h("span", { class: "token" }, textObject(options[index].text)));
  };
  show();
  const read = () => ({ selected_options: chosen.map((index) => slim(options[index])) });
  register(el, ctx, trigger, read, () => !chosen.length);
  return h(
    "span",
    { class: "menu-wrap wide" },
    checklistButton(trigger, options, chosen, (now) => {
      chosen = el.max_selected_items ? now.slice(0, el.max_selected_items) : now;
      show();
      changed(el, ctx, trigger, read);
    }),
  );
}

// Radio buttons and check boxes differ in how many may be on.
function choices(kind) {
  return (el, ctx) => {
    const radio = kind === "radio";
    const was =
      before(el, ctx) ||
      (radio ? { selected_option: el.initial_option } : { selected_options: el.initial_options });
    const on = new Set(
      (radio ? [was.selected_option] : was.selected_options || []).map((option) => option?.value),
    );
    const name = `${ctx.idBase}/${key(el, ctx)}`;
    const boxes = el.options.map((option, index) =>
      h("input", {
        type: kind,
        name,
        checked: on.has(option.value),
        "data-key": `${name}/${index}`,
        onchange: () => changed(el, ctx, boxes[index], read),
      }),
    );
    const group = h(
      "div",
      {
        class: "choices",
        role: radio ? "radiogroup" : "group",
        "aria-labelledby": ctx.labelled && `${ctx.labelled.id}-label`,
        "aria-describedby": ctx.labelled?.describedBy,
      },
      el.options.map((option, index) =>
        h(
          "label",
          { class: "choice" },
          boxes[index],
          h(
            "span",
            null,
            textObject(option.text),
            option.description && h("span", { class: "hint" }, textObject(option.description)),
          ),
        ),
      ),
    );
    const ticked = () => el.options.filter((_, index) => boxes[index].checked).map(slim);
    const read = () =>
      radio ? { selected_option: ticked()[0] || null } : { selected_options: ticked() };
    register(el, ctx, boxes[0], read, () => !ticked().length);
    return group;
  };
}

function typed(type, field = "value", initial = "initial_value") {
  return (el, ctx) => {
    const value = (before(el, ctx) ? before(el, ctx)[field] : el[initial]) ?? "";
    const props = {
      class: "field",
      ...attributes(el, ctx),
      placeholder: el.placeholder?.text,
      maxlength: el.max_length,
      value,
      onchange: () => changed(el, ctx, node, read),
    };
    const node = el.multiline
      ? h("textarea", { ...props, rows: "4" })
      : h("input", {
          ...props,
          type,
          min: el.min_value,
          max: el.max_value,
          step: el.is_decimal_allowed ? "any" : null,
          autocomplete: "off",
        });
    const read = () => ({ [field]: node.value === "" ? null : node.value });
    register(el, ctx, node, read, () => node.value.trim() === "");
    return node;
  };
}

const people = () => [...state.users.values()];
const conversations = () => state.channels.map((c) => ({ id: c.id, name: channelLabel(c) }));

const DRAW = {
  button,
  overflow,
  static_select: staticSelect,
  multi_static_select: multiSelect,
  users_select: knownSelect("selected_user", people),
  conversations_select: knownSelect("selected_conversation", conversations),
  channels_select: knownSelect("selected_channel", conversations),
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  timepicker: typed("time", "selected_time", "initial_time"),
  datepicker: typed("date", "selected_date", "initial_date"),
  workflow_button: button,
  icon_button: (el, ctx) =>
    button({ ...el, text: el.text || { type: "plain_text", text: "…" } }, ctx),
  image: (el) => picture(el),
};

/** An image of this machine; anything from elsewhere is named instead of loaded. */
export function picture(el) {
  const file = el.slack_file && fileOf(el.slack_file);
  const href = safeUrl(el.image_url || file?.url || "");
  const local = href && new URL(href).origin === location.origin;
  if ((el.image_url || file) && local)
    return h("img", { src: href, alt: el.alt_text || "", loading: "lazy", class: "picture" });
  return h("span", { class: "picture-missing" }, icon("file"), el.alt_text || "image");
}

function fileOf({ id, url }) {
  for (const messages of state.messages.values())
    for (const message of messages.values())
      for (const file of message.files || [])
        if (file.id === id || (url && file.url === url)) return file;
  return id ? { url: `/page/files/${encodeURIComponent(id)}/image` } : { url };
}
