// The box one types into: history, hints for /gardener, files.

import { h, icon, replace } from "./dom.js";
import { ask, say } from "./live.js";
import { channelLabel, channelOf, emit, on, state } from "./store.js";

const HINTS = [
  ["/gardener staging 2d", "what went wrong in the last two days"],
  ["/gardener staging", "the last day"],
  ["/gardener staging 36h severity=ERROR", "a window and a lowest severity"],
  ["/gardener staging since Friday 18:00", "since then"],
  ["/gardener digest now", "the digest, at once"],
  ["/gardener digest staging 09:00 Europe/Berlin", "a digest every morning"],
  ["/gardener digest off", "no digests in this channel"],
  ["/gardener expected staging", "problems marked as expected, with undo"],
  ["/gardener why C3", "why this priority"],
  ["/gardener help", "all forms"],
];
const LARGEST_FILE = 32 * 1024 * 1024;

/** Sends text as the present user; answers whether the playground took it. */
export async function sendText(text, { channel = state.channel, thread_ts } = {}) {
  const body = { user: state.me, channel, text };
  if (thread_ts) body.thread_ts = thread_ts;
  else emit("sent");
  const answer = await ask("say", body);
  if (answer && text.startsWith("/"))
    say(`Sent ${text}. Slack does not show a command in the channel.`);
  return answer !== null;
}

/** Sends a File (or a Blob with a name) to @gardener in the present channel. */
export async function sendFile(file) {
  if (file.size > LARGEST_FILE)
    return say(`${file.name} is over 32 MB. Send a part of it.`, "problem");
  say(`Sending ${file.name} to @gardener…`);
  const data = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] || "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  }).catch(() => null);
  if (data === null) return say(`${file.name} cannot be read.`, "problem");
  emit("sent");
  const answer = await ask("file", {
    user: state.me,
    channel: state.channel,
    name: file.name,
    content: data,
  });
  if (answer) say(`Sent ${file.name} to @gardener.`);
}

/** Builds a composer in host. where(): {channel, thread_ts?}, the place it writes to. */
export function startComposer(host, { testid, where, withFiles, label }) {
  const history = [];
  let at = 0;
  let picked = -1;
  let offered = [];
  const hints = h("ul", {
    class: "hints",
    role: "listbox",
    id: `${testid}-hints`,
    "aria-label": "Commands",
  });
  hints.hidden = true;
  const box = h("textarea", {
    rows: "1",
    class: "compose-text",
    "data-testid": testid,
    "aria-label": label(),
    placeholder: label(),
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": hints.id,
    autocomplete: "off",
    spellcheck: "false",
    enterkeyhint: "send",
  });
  const send = h(
    "button",
    {
      class: "icon-btn send",
      type: "button",
      "aria-label": "Send",
      "data-testid": `${testid}-send`,
      disabled: true,
      onclick: submit,
    },
    icon("send"),
  );
  const picker = h("input", {
    type: "file",
    tabindex: "-1",
    "aria-hidden": "true",
    class: "file-input",
    "data-testid": "file-input",
  });
  picker.addEventListener("change", () => {
    for (const file of picker.files) sendFile(file);
    picker.value = "";
  });
  host.append(
    h(
      "div",
      { class: "compose-box" },
      hints,
      box,
      withFiles && picker,
      withFiles &&
        h(
          "button",
          {
            class: "icon-btn",
            type: "button",
            "aria-label": "Send a file to gardener",
            title: "Send a file to gardener",
            "data-testid": "file-button",
            onclick: () => picker.click(),
          },
          icon("clip"),
        ),
      send,
    ),
  );

  async function submit() {
    const text = box.value.trim();
    if (!text) return;
    const target = where();
    set("");
    history.push(text);
    at = history.length;
    if (!(await sendText(text, target)) && !box.value) set(text);
  }

  function set(text) {
    box.value = text;
    changed();
  }

  function changed() {
    send.disabled = !box.value.trim();
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    offer();
  }

  function offer() {
    const text = box.value;
    const open = text.startsWith("/") && !text.includes("\n") && at === history.length;
    offered = open
      ? HINTS.filter(([form]) => form.startsWith(text) && form !== text).slice(0, 6)
      : [];
    picked = -1;
    replace(
      hints,
      offered.map(([form, note], index) =>
        h(
          "li",
          {
            role: "option",
            id: `${testid}-hint-${index}`,
            "aria-selected": "false",
            onpointerdown: (event) => {
              event.preventDefault();
              set(form);
            },
          },
          h("code", null, form),
          h("span", { class: "hint" }, note),
        ),
      ),
    );
    hints.hidden = !offered.length;
    box.setAttribute("aria-expanded", String(offered.length > 0));
    box.removeAttribute("aria-activedescendant");
  }

  function pick(index) {
    picked = (index + offered.length) % offered.length;
    [...hints.children].forEach((option, i) =>
      option.setAttribute("aria-selected", String(i === picked)),
    );
    box.setAttribute("aria-activedescendant", `${testid}-hint-${picked}`);
    hints.children[picked].scrollIntoView({ block: "nearest" });
  }

  function recall(step) {
    const to = at + step;
    if (to < 0 || to > history.length) return;
    at = to;
    set(history[at] ?? "");
    at = to;
    offer();
  }

  box.addEventListener("input", () => {
    at = history.length;
    changed();
  });
  box.addEventListener("blur", () => (hints.hidden = true));
  box.addEventListener("focus", offer);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !hints.hidden;
    const atStart = box.selectionStart === 0 && box.selectionEnd === 0;
    const handled = () => event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      handled();
      if (open && picked >= 0) set(offered[picked][0]);
      else submit();
    } else if (event.key === "Tab" && open && !event.shiftKey && picked >= 0) {
      handled();
      set(offered[picked][0]);
    } else if (event.key === "Escape" && open) {
      handled();
      event.stopPropagation();
      hints.hidden = true;
    } else if (open && event.key === "ArrowDown") {
      handled();
      pick(picked + 1);
    } else if (open && event.key === "ArrowUp") {
      handled();
      pick(picked < 0 ? offered.length - 1 : picked - 1);
    } else if (event.key === "ArrowUp" && (atStart || at < history.length)) {
      handled();
      recall(-1);
    } else if (event.key === "ArrowDown" && at < history.length) {
      handled();
      recall(1);
    }
  });

  for (const topic of ["channel", "snapshot", "thread"])
    on(topic, () => {
      box.placeholder = label();
      box.setAttribute("aria-label", label());
    });
  return { focus: () => box.focus() };
}

export const composerLabel = () =>
  `Message ${channelLabel(channelOf(state.channel)) || "gardener"}`;
