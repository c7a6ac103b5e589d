// The page's copy of what one person sees, kept up to date by the live stream.

export const store = {
  state: null,
  place: { user: null, channel: null, tab: "messages", thread: null },
  pane: "main", // on a phone, one of the two panes is shown: "main" or "sidebar"
  online: false,
};

const listeners = new Set();

export function onChange(listener) {
  listeners.add(listener);
}

export function changed(kind) {
  for (const listener of listeners) listener(kind);
}

export function person(id) {
  if (id === "USLACKBOT") return { id, name: "slackbot", real_name: "Slackbot", color: "#5b6b7a" };
  const found = store.state.people.find((candidate) => candidate.id === id);
  return found ?? { id, name: id, real_name: id, color: "#777777" };
}

export function channelById(id) {
  return store.state.channels.find((channel) => channel.id === id);
}

export function currentChannel() {
  return channelById(store.place.channel);
}

export function appChannel() {
  return store.state.channels.find((channel) => channel.im_with);
}

export function channelTitle(channel) {
  return channel.im_with ? store.state.app.name : channel.name;
}

export function topLevel(channel) {
  return channel.messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts);
}

export function repliesTo(channel, ts) {
  return channel.messages.filter((m) => m.thread_ts === ts && m.ts !== ts);
}

export function unreadIn(channel) {
  const isNew = (m) => m.ts > channel.last_read && m.user !== store.state.me.id;
  return channel.messages.filter(isNew).length;
}

export function apply(frame) {
  const { state } = store;
  if (frame.type === "state") {
    store.state = frame.state;
  } else if (frame.type === "message") {
    applyMessage(channelById(frame.channel), frame.message);
  } else if (frame.type === "message_deleted") {
    const channel = channelById(frame.channel);
    channel.messages = channel.messages.filter((m) => m.ts !== frame.ts);
  } else if (frame.type === "views") {
    state.views = frame.views;
  } else if (frame.type === "home") {
    state.home = frame.view;
  } else if (frame.type === "read") {
    channelById(frame.channel).last_read = frame.ts;
  } else if (frame.type === "presence") {
    state.connections = frame.connections;
  }
  changed(frame.type);
}

function applyMessage(channel, message) {
  const at = channel.messages.findIndex((m) => m.ts === message.ts);
  if (at >= 0) {
    channel.messages[at] = message;
  } else {
    channel.messages.push(message);
    channel.messages.sort((a, b) => (a.ts < b.ts ? -1 : 1));
  }
}
