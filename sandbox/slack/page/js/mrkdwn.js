// Slack's mrkdwn, parsed into nodes. What looks like HTML stays text.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { go } from "./places.js";
import { channelById, person, store } from "./store.js";
import { template } from "./time.js";

const PERMALINK = /\/archives\/(\w+)\/p\d+$/;
const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<entity>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+\\-]+):",
    "(?<![\\w*])\\*(?=\\S)(?<bold>[^*\\n]+?)(?<=\\S)\\*(?![\\w*])",
    "(?<![\\w_])_(?=\\S)(?<italic>[^_\\n]+?)(?<=\\S)_(?![\\w_])",
    "(?<![\\w~])~(?=\\S)(?<strike>[^~\\n]+?)(?<=\\S)~(?![\\w~])",
  ].join("|"),
  "gu",
);
const STYLES = { bold: "strong", italic: "em", strike: "s" };

export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function mrkdwn(text) {
  return text.split(/```/).flatMap((part, index, parts) => {
    const isCode = index % 2 === 1 && index < parts.length - 1;
    if (isCode) return [h("pre", {}, decode(part.replace(/^\n|\n$/g, "")))];
    const lead = index % 2 === 1 ? "```" : "";
    return lines(lead + (index > 0 ? part.replace(/^\n/, "") : part));
  });
}

export function plain(text, withEmoji = true) {
  if (!withEmoji) return [decode(text)];
  return text.split(/(:[a-z0-9_+-]+:)/).map((part) => emoji(part.slice(1, -1)) ?? decode(part));
}

export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return [h("span", { class: "plain" }, plain(object.text, object.emoji !== false))];
}

function lines(text) {
  const nodes = [];
  let quote = [];
  const endQuote = () => {
    if (quote.length) nodes.push(h("blockquote", {}, joined(quote)));
    quote = [];
  };
  const run = [];
  const endRun = () => {
    if (run.length) nodes.push(...joined(run.splice(0)));
  };
  for (const line of text.split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      endRun();
      quote.push(quoted[1]);
    } else {
      endQuote();
      run.push(line);
    }
  }
  endQuote();
  endRun();
  return nodes;
}

function joined(texts) {
  return texts.flatMap((line, index) => (index ? [h("br"), ...inline(line)] : inline(line)));
}

export function inline(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(decode(text.slice(at, match.index)), token(match));
    at = match.index + match[0].length;
  }
  nodes.push(decode(text.slice(at)));
  return nodes.filter((node) => node !== "");
}

function token(match) {
  const { code, entity: inner, emoji: name } = match.groups;
  if (code) return h("code", {}, decode(code));
  if (inner) return entity(inner, match[0]);
  if (name) return shortcode(name);
  const [style] = Object.keys(STYLES).filter((key) => match.groups[key]);
  return h(STYLES[style], {}, inline(match.groups[style]));
}

function shortcode(name) {
  const written = `:${name}:`;
  const drawn = emoji(name);
  return drawn ? h("span", { class: "emoji", title: written }, drawn) : written;
}

function entity(inner, whole) {
  const [target, label] = split(inner);
  if (target.startsWith("@")) return userMention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1), label);
  if (target.startsWith("!")) return special(target.slice(1), label);
  return link(decode(target), label ? decode(label) : null) ?? decode(whole);
}

function split(inner) {
  const at = inner.indexOf("|");
  return at < 0 ? [inner, null] : [inner.slice(0, at), inner.slice(at + 1)];
}

export function userMention(id) {
  const isMe = id === store.state.me.id;
  return h("span", { class: isMe ? "mention me" : "mention" }, `@${person(id).real_name}`);
}

export function groupMention(id) {
  const group = store.state.usergroups.find((candidate) => candidate.id === id);
  const isMine = group?.users.includes(store.state.me.id);
  return h("span", { class: isMine ? "mention me" : "mention" }, `@${group?.handle ?? id}`);
}

export function channelMention(id, label) {
  return h("span", { class: "mention" }, `#${channelById(id)?.name ?? label ?? id}`);
}

function special(name, label) {
  const [kind, ...rest] = name.split("^");
  if (kind === "subteam") return groupMention(rest[0]);
  if (kind === "date") return dateEntity(rest, label);
  return h("span", { class: "mention broadcast" }, `@${kind}`);
}

function dateEntity([seconds, format, url], fallback) {
  const shown = template(seconds, format ?? "") ?? decode(fallback ?? "");
  const stamp = h("time", { title: fallback ? decode(fallback) : undefined }, shown);
  return (url && link(decode(url), stamp)) || stamp;
}

export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return null;
  const shown = label ?? url.replace(/^mailto:/, "");
  const [, channel] = url.match(PERMALINK) ?? [];
  if (channel && url.startsWith(location.origin)) {
    const open = (event) => {
      event.preventDefault();
      go({ channel, tab: "messages" });
    };
    return h("a", { href: url, onclick: open }, shown);
  }
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown);
}
