// Small things that open above the page: overflow menus, pick lists, "are you sure?".

import { append, h, placeBeside, roving } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

/**
 * A button that opens a menu of items [{label: nodes, url?, description?: nodes}].
 * onpick(index) runs after the menu closed and the focus is back on the button.
 */
export function menuButton(button, items, onpick) {
  const menu = h("div", { class: "menu", role: "menu", popover: "auto" });
  const entries = items.map((item, index) =>
    h(
      item.url ? "a" : "button",
      {
        class: "menu-item",
        role: "menuitem",
        tabindex: "-1",
        type: item.url ? null : "button",
        href: item.url,
        target: item.url && "_blank",
        rel: item.url && "noopener noreferrer",
        onclick: () => {
          menu.hidePopover();
          onpick(index);
        },
      },
      h("span", null, item.label),
      item.description && h("span", { class: "menu-note" }, item.description),
    ),
  );
  append(menu, entries);
  roving(menu, () => entries);
  menu.addEventListener("keydown", (event) => event.key === "Tab" && menu.hidePopover());
  button.setAttribute("aria-haspopup", "menu");
  openOnClick(button, menu, () => entries[0]?.focus());
  return [button, menu];
}

/** A button that opens a list of check boxes; onchange(indexes) follows every tick. */
export function checklistButton(button, options, chosen, onchange) {
  const boxes = options.map((option, index) =>
    h("input", { type: "checkbox", checked: chosen.includes(index), onchange: changed }),
  );
  function changed() {
    onchange(boxes.flatMap((box, index) => (box.checked ? [index] : [])));
  }
  const list = h(
    "div",
    {
      class: "menu checklist",
      popover: "auto",
      role: "group",
      "aria-label": button.getAttribute("aria-label"),
    },
    options.map((option, index) =>
      h("label", { class: "menu-item" }, boxes[index], h("span", null, textObject(option.text))),
    ),
  );
  button.setAttribute("aria-haspopup", "true");
  openOnClick(button, list, () => boxes[0]?.focus());
  return [button, list];
}

function openOnClick(button, popover, focusFirst) {
  button.setAttribute("aria-expanded", "false");
  let closedAt = 0;
  button.addEventListener("click", () => {
    // A click on the button first closes the open menu by itself: do not open it again.
    if (performance.now() - closedAt < 120) return;
    popover.showPopover();
    placeBeside(popover, button);
    focusFirst();
  });
  popover.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) closedAt = performance.now();
  });
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    button.click();
  });
}

/** Slack's confirm object as a dialog. Resolves true if the person confirms. */
export function askConfirm(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "confirm", "data-testid": "confirm", "aria-labelledby": "confirm-title" },
      h("h2", { id: "confirm-title" }, plain(confirm.title?.text || "Are you sure?")),
      h("div", { class: "confirm-text" }, textObject(confirm.text)),
      h(
        "div",
        { class: "dialog-buttons" },
        h(
          "button",
          { class: "btn", type: "button", onclick: () => dialog.close("no") },
          plain(confirm.deny?.text || "Cancel"),
        ),
        h(
          "button",
          {
            class: `btn ${confirm.style === "danger" ? "danger" : "primary"}`,
            type: "button",
            "data-testid": "confirm-yes",
            onclick: () => dialog.close("yes"),
          },
          plain(confirm.confirm?.text || "Yes"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
