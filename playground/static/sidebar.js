// Left: App Home, channels with unread badges, direct messages, and whom to act as.

import { h, icon, replace, roving } from "./dom.js";
import { avatar } from "./message.js";
import { channelLabel, on, openChannel, state } from "./store.js";

export function startSidebar(host, { onuser, onpicked }) {
  const list = h("div", { class: "side-scroll" });
  const select = h("select", {
    id: "act-as",
    class: "field select",
    "data-testid": "act-as",
    onchange: () => onuser(select.value),
  });
  const face = h("span", { class: "act-face" });
  host.append(
    h(
      "div",
      { class: "side-head" },
      h("span", { class: "brand-mark" }, icon("sprout")),
      h(
        "span",
        null,
        h("strong", null, "Gardener demo"),
        h("small", null, "a local stand-in for Slack"),
      ),
    ),
    list,
    h(
      "div",
      { class: "act-as" },
      h("label", { for: "act-as" }, "Act as"),
      h("div", { class: "act-row" }, face, select),
    ),
  );
  roving(list, () => [...list.querySelectorAll("button")]);

  function item(id, label, { lead, unread = 0, note, testid }) {
    const current = state.channel === id;
    const more = unread ? `, ${unread} unread` : "";
    return h(
      "li",
      null,
      h(
        "button",
        {
          type: "button",
          class: `side-item ${unread ? "unread" : ""}`,
          "aria-current": current ? "page" : null,
          "aria-label": `${label}${note ? `, ${note}` : ""}${more}`,
          "data-testid": testid,
          "data-id": id,
          onclick: () => {
            openChannel(id);
            onpicked();
          },
        },
        h("span", { class: "side-lead", "aria-hidden": "true" }, lead),
        h("span", { class: "side-label" }, label.replace(/^#/, "")),
        note && h("span", { class: "side-note" }, note),
        unread > 0 &&
          h(
            "span",
            { class: "badge", "aria-hidden": "true" },
            unread > 99 ? "99+" : String(unread),
          ),
      ),
    );
  }

  function channelItem(channel) {
    const note = channel.im
      ? null
      : channel.shared
        ? "shared"
        : channel.member
          ? null
          : "not invited";
    return item(channel.id, channelLabel(channel), {
      lead: channel.im ? icon("sprout") : "#",
      unread: channel.unread,
      note,
      testid: `channel-${channel.id}`,
    });
  }

  function render() {
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.id;
    const [rooms, direct] = [
      state.channels.filter((c) => !c.im),
      state.channels.filter((c) => c.im),
    ];
    replace(
      list,
      h("h2", { class: "side-title" }, "Channels"),
      h("ul", null, rooms.map(channelItem)),
      h("h2", { class: "side-title" }, "Apps"),
      h(
        "ul",
        null,
        item("home", "App Home", { lead: icon("home"), testid: "channel-home" }),
        direct.map(channelItem),
      ),
    );
    if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
    const users = [...state.users.values()].filter(
      (user) => !user.bot && /^U0(?!GARDEN)/.test(user.id),
    );
    replace(
      select,
      users.map((user) =>
        h("option", { value: user.id, selected: user.id === state.me }, described(user)),
      ),
    );
    replace(face, avatar(state.me));
  }

  for (const topic of ["snapshot", "channel", "channels", "message"]) on(topic, render);
}

function described(user) {
  return user.guest ? `${user.name} (${(user.title || "guest").toLowerCase()})` : user.name;
}
