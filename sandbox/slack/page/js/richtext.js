// rich_text blocks: sections, lists, quotes and preformatted text.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, groupMention, link, userMention } from "./mrkdwn.js";
import { template } from "./time.js";

export function richText(block) {
  return h("div", { class: "rich" }, block.elements.map(part));
}

function part(element) {
  switch (element.type) {
    case "rich_text_list": {
      const tag = element.style === "ordered" ? "ol" : "ul";
      return h(tag, {}, element.elements.map((item) => h("li", {}, item.elements.map(leaf))));
    }
    case "rich_text_preformatted":
      return h("pre", {}, element.elements.map(leaf));
    case "rich_text_quote":
      return h("blockquote", {}, element.elements.map(leaf));
    default:
      return h("p", {}, element.elements.map(leaf));
  }
}

const STYLED = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };

function leaf(element) {
  let node = plainLeaf(element);
  for (const [style, tag] of Object.entries(STYLED)) {
    if (element.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}

function plainLeaf(element) {
  switch (element.type) {
    case "text":
      return withBreaks(element.text);
    case "link":
      return link(element.url, element.text) ?? element.text ?? element.url;
    case "emoji":
      return emoji(element.name) ?? `:${element.name}:`;
    case "user":
      return userMention(element.user_id);
    case "usergroup":
      return groupMention(element.usergroup_id);
    case "channel":
      return channelMention(element.channel_id);
    case "broadcast":
      return h("span", { class: "mention broadcast" }, `@${element.range}`);
    case "date":
      return template(element.timestamp, element.format) ?? element.fallback ?? "";
    default:
      return "";
  }
}

function withBreaks(text) {
  return h(
    "span",
    {},
    text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line])),
  );
}
