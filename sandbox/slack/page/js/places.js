// Where the page is, kept in the address: #/maria/approvals, #/alice/abeyance/home

import { changed, store } from "./store.js";

export function readPlace() {
  const names = location.hash.replace(/^#\/?/, "").split("/");
  const [user, channel, tab] = names.map(decodeURIComponent);
  return {
    user: user || null,
    channel: channel || null,
    tab: tab === "home" ? "home" : "messages",
  };
}

export function go(change) {
  const isOtherUser = change.user && change.user !== store.place.user;
  const before = nameOf(store.place.channel);
  if ("channel" in change || "tab" in change) store.pane = "main";
  const place = { ...store.place, thread: null, ...change };
  if (isOtherUser) place.channel = null;
  store.place = place;
  const name = isOtherUser ? before : nameOf(place.channel);
  const tab = place.tab === "home" ? "/home" : "";
  const hash = `#/${place.user}${name ? `/${name}${tab}` : ""}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
  changed(isOtherUser ? "user" : "place");
}

export function nameOf(channelId) {
  const channel = store.state?.channels.find((candidate) => candidate.id === channelId);
  if (!channel) return "";
  return channel.im_with ? "abeyance" : channel.name;
}

// The channel of that name that this person sees; the first one otherwise.
export function channelNamed(name) {
  const { channels } = store.state;
  const found = channels.find((channel) => nameOf(channel.id) === name || channel.id === name);
  return (found ?? channels.find((channel) => !channel.im_with)).id;
}
