// The chips above the composer: what one would try first. Each runs at once.

import { sendFile, sendText } from "./composer.js";
import { h, replace } from "./dom.js";
import { ask, say } from "./live.js";
import { openChannel, state } from "./store.js";
import { sampleLog } from "./samplelog.js";

const VISITED = "gardener-visited";

export function startChips(host, welcome) {
  let silenced = false;
  const service = async (order, told) => {
    if (await ask("service", { do: order })) {
      say(told);
      return true;
    }
    return false;
  };
  const skip = async (order, told) => {
    if (await ask("clock", { do: order })) say(told);
  };
  const chips = [
    ["/gardener staging 2d", () => type("/gardener staging 2d")],
    ["digest now", () => type("/gardener digest now")],
    [
      "break the service",
      () =>
        service(
          "break",
          "The service is breaking. Give it a few seconds, then ask for /gardener staging.",
        ),
    ],
    ["deploy a fix", () => service("deploy_fix", "A new revision is being deployed.")],
    [
      "silence it",
      async (chip) => {
        const told = silenced
          ? "The service writes again."
          : "The service writes no log at all now, though requests still arrive.";
        if (!(await service(silenced ? "resume" : "silence", told))) return;
        silenced = !silenced;
        chip.textContent = silenced ? "let it write again" : "silence it";
      },
    ],
    ["an hour later", () => skip("hour", "It is an hour later.")],
    [
      "next morning",
      () => skip("morning", "It is the next morning, 09:00 UTC. Digests that are due arrive soon."),
    ],
    ["drop a log file", () => sendFile(sampleLog())],
  ];
  host.append(
    ...chips.map(([name, run]) => {
      const chip = h(
        "button",
        {
          type: "button",
          class: `chip ${name.startsWith("/") ? "command" : ""}`,
          "data-testid": `chip-${slug(name)}`,
          onclick: async () => {
            if (chip.getAttribute("aria-busy")) return;
            visited();
            if (state.channel === "home") openChannel(state.channels[0].id);
            chip.setAttribute("aria-busy", "true");
            await run(chip);
            chip.removeAttribute("aria-busy");
          },
        },
        name,
      );
      return chip;
    }),
  );

  function visited() {
    localStorage.setItem(VISITED, "1");
    welcome.hidden = true;
  }
  if (!localStorage.getItem(VISITED)) {
    replace(
      welcome,
      h("p", null, "This is the real bot. Click the first chip."),
      h("span", { class: "welcome-arrow", "aria-hidden": "true" }, "↓"),
    );
    welcome.hidden = false;
  }
}

const type = (command) => sendText(command);
const slug = (name) =>
  name
    .replace(/[^a-z0-9]+/gi, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
