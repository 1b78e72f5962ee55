// Slack's modals: a <dialog>, whose focus the browser traps. Full screen on phones (style.css).

import { blocks, collect } from "./blockkit.js";
import { h, icon, replace } from "./dom.js";
import { ask, post, say } from "./live.js";
import { askConfirm } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { closeView, on, state } from "./store.js";

let dialog = null;
let shown = null; // {id, fields, view}

export function startModals() {
  dialog = h("dialog", {
    class: "modal",
    "data-testid": "modal",
    "aria-labelledby": "modal-title",
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dismiss();
  });
  document.body.append(dialog);
  on("views", show);
  on("snapshot", show);
}

function show() {
  const view = state.views.at(-1);
  if (!view) return hide();
  if (shown?.view === view) return;
  const same = shown?.id === view.id;
  // What was typed stays where block_id and action_id stay, as Slack does it.
  const values = { ...view.state?.values, ...(same ? merged(view.state?.values) : {}) };
  const focus = same
    ? document.activeElement?.closest?.("[data-key]")?.getAttribute("data-key")
    : null;
  const scroll = same ? dialog.querySelector(".modal-body")?.scrollTop : 0;
  draw(view, values);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".modal-body").scrollTop = scroll || 0;
  refocus(view, same, focus);
}

function merged(base) {
  const values = { ...base };
  for (const [block, actions] of Object.entries(collect(shown.fields)))
    values[block] = { ...values[block], ...actions };
  return values;
}

function draw(view, values) {
  const drawn = blocks(view.blocks, {
    idBase: `v/${view.id}`,
    values,
    errors: view.errors,
    act: (action, node) => act(view, drawn.fields, action, node),
  });
  shown = { id: view.id, view, fields: drawn.fields };
  const title = view.title?.text ?? view.title;
  const submit = view.submit?.text ?? view.submit;
  const close = view.close?.text ?? view.close;
  replace(
    dialog,
    h(
      "form",
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          send(view, drawn.fields);
        },
      },
      h(
        "header",
        { class: "modal-head" },
        h("h2", { id: "modal-title", tabindex: "-1" }, plain(title)),
        h(
          "button",
          {
            class: "icon-btn",
            type: "button",
            "aria-label": "Close",
            "data-testid": "modal-close",
            onclick: dismiss,
          },
          icon("close"),
        ),
      ),
      h("div", { class: "trouble", role: "alert", "data-testid": "modal-trouble", hidden: true }),
      h("div", { class: "modal-body" }, drawn.nodes),
      h(
        "footer",
        { class: "modal-foot" },
        h(
          "button",
          { class: "btn", type: "button", onclick: dismiss, "data-testid": "modal-cancel" },
          plain(close || (submit ? "Cancel" : "Close")),
        ),
        submit &&
          h(
            "button",
            { class: "btn primary", type: "submit", "data-testid": "submit" },
            plain(submit),
          ),
      ),
    ),
  );
}

function refocus(view, same, key) {
  const again = key && dialog.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const firstError = view.errors && dialog.querySelector("[aria-invalid=true]");
  const first = [...shown.fields.values()].find((field) => field.inInput)?.node;
  const touch = matchMedia("(pointer: coarse)").matches;
  if (firstError) firstError.focus();
  else if (again) again.focus();
  else if (!same && first && !touch) first.focus({ preventScroll: true });
  else dialog.querySelector("#modal-title").focus();
}

function hide() {
  if (!dialog.open) return;
  dialog.close();
  dialog.replaceChildren();
  shown = null;
  const opener = state.opener && document.querySelector(`[data-key="${CSS.escape(state.opener)}"]`);
  const message =
    state.opener &&
    document.querySelector(
      `[data-key="${CSS.escape(state.opener.split("/").slice(0, 3).join("/"))}"]`,
    );
  (opener || message || document.querySelector("[data-testid=composer]"))?.focus();
}

function dismiss() {
  if (!shown) return;
  const { id } = shown;
  closeView(id);
  post("close", { user: state.me, view_id: id });
}

async function act(view, fields, action, node) {
  node.setAttribute("aria-busy", "true");
  await ask("action", {
    user: state.me,
    container: { type: "view", view_id: view.id },
    action,
    state: { values: collect(fields) },
  });
  node.removeAttribute("aria-busy");
}

// Slack's own checks, before anything is sent.
function complaints(fields) {
  let first = null;
  for (const field of fields.values()) {
    if (!field.inInput || !field.complain) continue;
    const text = problem(field);
    field.complain(text);
    if (text) first ||= field.node;
  }
  first?.focus();
  return first !== null;
}

function problem(field) {
  if (field.empty()) return field.optional ? null : "Please complete this required field.";
  const { min, max } = field.limits;
  const length = field.read().value?.length;
  if (length < min) return `This needs at least ${min} characters.`;
  if (length > max) return `This takes at most ${max} characters.`;
  return null;
}

async function send(view, fields) {
  const button = dialog.querySelector("[data-testid=submit]");
  if (button?.getAttribute("aria-busy") || complaints(fields)) return;
  if (!(await askConfirm(view.confirm))) return;
  const trouble = dialog.querySelector("[data-testid=modal-trouble]");
  trouble.hidden = true;
  button?.setAttribute("aria-busy", "true");
  const answer = await post("submit", {
    user: state.me,
    view_id: view.id,
    values: collect(fields),
  });
  button?.removeAttribute("aria-busy");
  if (answer.ok) return;
  if (shown?.id !== view.id) say(answer.error, "problem");
  else {
    trouble.textContent = answer.error || "We had some trouble connecting. Try again?";
    trouble.hidden = false;
  }
}
