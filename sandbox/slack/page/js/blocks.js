// Block Kit, drawn. `surface` says where the blocks are and what a click there does.

import { h } from "./dom.js";
import { element as interactive, isInteractive } from "./elements.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

export function drawBlocks(blocks, surface) {
  return h("div", { class: "blocks" }, blocks.map((block) => drawBlock(block, surface)));
}

function drawBlock(block, surface) {
  const draw = DRAWN[block.type] ?? unknown;
  const node = draw(block, surface);
  node.dataset.blockId = block.block_id;
  return node;
}

const DRAWN = {
  header: (block) => h("h3", { class: "block header" }, textObject(block.text)),
  divider: () => h("hr", { class: "block divider" }),
  section,
  context: (block) => h("div", { class: "block context" }, block.elements.map(contextItem)),
  actions: (block, surface) =>
    h("div", { class: "block actions" }, block.elements.map((e) => interactive(e, block, surface))),
  image: (block) => imageBlock(block),
  input,
  rich_text: (block) => h("div", { class: "block" }, richText(block)),
  markdown: (block) => h("div", { class: "block section" }, mrkdwn(block.text)),
  alert: (block) =>
    h("div", { class: `block alert ${block.level ?? "default"}` }, textObject(block.text)),
  table,
  container: (block, surface) =>
    h(
      "div",
      { class: "block container" },
      block.title && h("h4", {}, textObject(block.title)),
      block.child_blocks.map((child) => drawBlock(child, surface)),
    ),
};

function unknown(block) {
  return h("div", { class: "block unknown" }, `A ${block.type} block, which this page can't draw.`);
}

function section(block, surface) {
  const body = h(
    "div",
    { class: "section-body" },
    block.text && h("div", { class: "section-text" }, textObject(block.text)),
    block.fields &&
      h(
        "div",
        { class: "fields" },
        block.fields.map((f) => h("div", { class: "field" }, textObject(f))),
      ),
  );
  return h(
    "div",
    { class: "block section" },
    body,
    block.accessory && h("div", { class: "accessory" }, accessory(block, surface)),
  );
}

function accessory(block, surface) {
  if (isInteractive(block.accessory)) return interactive(block.accessory, block, surface);
  return imageBox(block.accessory.alt_text, "thumb");
}

function contextItem(item) {
  if (item.type === "image") return imageBox(item.alt_text, "tiny");
  return h("span", { class: "context-text" }, textObject(item));
}

// Pictures live on other hosts, and this page loads nothing from elsewhere: it shows their words.
function imageBox(altText, size) {
  return h("span", { class: `image ${size}`, role: "img", "aria-label": altText }, altText);
}

function imageBlock(block) {
  return h(
    "figure",
    { class: "block" },
    block.title && h("figcaption", {}, textObject(block.title)),
    imageBox(block.alt_text, "large"),
  );
}

function input(block, surface) {
  const error = surface.errors?.[block.block_id];
  const id = `in-${block.block_id}`;
  return h(
    "div",
    { class: error ? "block input bad" : "block input" },
    h(
      "label",
      { for: id },
      textObject(block.label),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    interactive(block.element, block, surface, id),
    error && h("p", { class: "input-error", role: "alert" }, error),
    block.hint && h("p", { class: "hint" }, textObject(block.hint)),
  );
}

function table(block) {
  const rows = block.rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, words(cell)))));
  return h("div", { class: "block table" }, h("table", {}, h("tbody", {}, rows)));
}

function words(cell) {
  return cell.type === "rich_text" ? richText(cell) : (cell.text ?? cell.value);
}
