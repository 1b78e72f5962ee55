// What the page knows, filled from the live feed; and who wants to hear of it.

export const BOT = "U0GARDEN";

export const state = {
  me: "U0ALICE",
  users: new Map(),
  channels: [],
  messages: new Map(), // channel id -> Map(ts -> message)
  views: [], // open modals, the topmost last
  home: null,
  processes: new Map(),
  repos: new Map(),
  log: [],
  scenes: [],
  lastAck: null,
  channel: "C0OPS", // a channel's id or "home"
  thread: null, // {channel, ts}
  link: "connecting", // connecting | open | lost
};

const LOG_KEPT = 1000;
const SCENES_KEPT = 600;
const hearers = new Map();

export function on(topic, hearer) {
  if (!hearers.has(topic)) hearers.set(topic, []);
  hearers.get(topic).push(hearer);
}

export function emit(topic, detail) {
  for (const hearer of hearers.get(topic) || []) hearer(detail);
}

export function userOf(id) {
  const known = state.users.get(id);
  if (known) return known;
  if (id === BOT) return { id, name: "gardener", initials: "g" };
  if (id === "USLACKBOT") return { id, name: "Slackbot", initials: "S" };
  return { id, name: id || "someone", initials: "?" };
}

export const channelOf = (id) => state.channels.find((channel) => channel.id === id);

export function channelLabel(channel) {
  if (!channel) return "";
  return channel.im ? channel.name || "gardener" : `#${String(channel.name).replace(/^#/, "")}`;
}

/** The messages of a channel outside threads, oldest first. */
export function channelMessages(id) {
  return sorted(id).filter((m) => !m.thread_ts || m.thread_ts === m.ts || m.broadcast);
}

/** The replies of a thread without its first message, oldest first. */
export function threadReplies(id, ts) {
  return sorted(id).filter((m) => m.thread_ts === ts && m.ts !== ts);
}

export const messageAt = (id, ts) => state.messages.get(id)?.get(ts);

function sorted(id) {
  const all = [...(state.messages.get(id)?.values() || [])];
  return all.sort((a, b) => Number(a.ts) - Number(b.ts) || (a.ts < b.ts ? -1 : 1));
}

/** Takes one object of the live feed. */
export function receive(event) {
  const take = {
    snapshot: takeSnapshot,
    message: takeMessage,
    view: takeView,
    view_closed: (e) => closeView(e.id),
    home: (e) => {
      state.home = e.view;
      emit("home");
    },
    channel: (e) => {
      const known = channelOf(e.channel.id);
      if (known) Object.assign(known, e.channel, { unread: known.unread });
      else state.channels.push(e.channel);
      emit("channels");
    },
    github: (e) => {
      state.repos.set(e.repo.full_name, e.repo);
      emit("github", e.repo);
    },
    log: (e) => {
      state.log.push(...e.entries);
      state.log.splice(0, state.log.length - LOG_KEPT);
      emit("log", e.entries);
    },
    process: (e) => {
      state.processes.set(e.name, { ...state.processes.get(e.name), ...e });
      emit("process");
    },
    scene: (e) => {
      state.scenes.push(e);
      state.scenes.splice(0, state.scenes.length - SCENES_KEPT);
      if (e.kind === "ack" && typeof e.ms === "number") state.lastAck = e;
      emit("scene", e);
    },
  }[event.type];
  take?.(event);
}

function takeSnapshot(snap) {
  const kept = ephemerals().filter(([, message]) => message.ephemeral_for === snap.user);
  state.me = snap.user;
  state.users = new Map((snap.users || []).map((user) => [user.id, user]));
  state.channels = snap.channels || [];
  state.messages = new Map();
  for (const [channel, messages] of Object.entries(snap.messages || {}))
    for (const message of messages) store(channel, message);
  for (const [channel, message] of kept) store(channel, message);
  state.views = snap.views || [];
  state.home = snap.home || null;
  state.processes = new Map((snap.processes || []).map((process) => [process.name, process]));
  const repos = snap.github?.repos || snap.github || [];
  state.repos = new Map(
    (Array.isArray(repos) ? repos : Object.values(repos)).map((r) => [r.full_name, r]),
  );
  state.log = [...(snap.log || [])];
  state.scenes = [...(snap.scenes || [])].slice(-SCENES_KEPT);
  state.lastAck =
    state.scenes.findLast((s) => s.kind === "ack" && typeof s.ms === "number") || null;
  if (state.channel !== "home" && !channelOf(state.channel)) state.channel = state.channels[0]?.id;
  if (state.thread && !messageAt(state.thread.channel, state.thread.ts)) state.thread = null;
  emit("snapshot");
}

// Slack forgets ephemerals on reload; a dropped connection is no reload.
function ephemerals() {
  const found = [];
  for (const [channel, messages] of state.messages)
    for (const message of messages.values())
      if (message.ephemeral_for) found.push([channel, message]);
  return found;
}

function store(channel, message) {
  if (!state.messages.has(channel)) state.messages.set(channel, new Map());
  const messages = state.messages.get(channel);
  const isNew = !messages.has(message.ts);
  if (message.deleted) messages.delete(message.ts);
  else messages.set(message.ts, message);
  return isNew && !message.deleted;
}

function takeMessage({ channel, message }) {
  const isNew = store(channel, message);
  const known = channelOf(channel);
  if (isNew && known && channel !== state.channel && message.user !== state.me)
    known.unread = (known.unread || 0) + 1;
  emit("message", { channel, message, isNew });
}

function takeView({ view }) {
  const at = state.views.findIndex((open) => open.id === view.id);
  if (at < 0) state.views.push(view);
  else state.views[at] = view;
  emit("views");
}

export function closeView(id) {
  state.views = state.views.filter((view) => view.id !== id);
  emit("views");
}

/** Become someone else: what was on the page goes, the next snapshot brings theirs. */
export function become(user) {
  state.me = user;
  state.messages = new Map();
  state.thread = null;
  state.views = [];
  emit("views");
}

export function openChannel(id) {
  state.channel = id;
  const channel = channelOf(id);
  if (channel) channel.unread = 0;
  emit("channel");
}

export function openThread(channel, ts) {
  state.thread = { channel, ts };
  emit("thread");
}
