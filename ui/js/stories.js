/* The rows of the list: a story with one dot for each theme and viewport, and
   groups of stories. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;

  /** Theme and viewport: "light · 560×350". */
  T.variantOf = ({ storyIdentifier: { theme, viewport } }) => `${theme} · ${viewport.width}×${viewport.height}`;

  /** The snapshots of each story, the story of the first snapshot first. */
  T.byStory = (items) => {
    const stories = new Map();
    for (const item of items) {
      const { storyId } = item.storyIdentifier;
      if (stories.has(storyId)) stories.get(storyId).push(item);
      else stories.set(storyId, [item]);
    }
    return [...stories].map(([story, variants]) => ({ story, items: variants }));
  };

  /** Adds the rows of its stories to each of `groups` ([{id, items}]), and returns
      all snapshots in their order: [{name, group}]. */
  T.orderOf = (groups) => {
    const order = [];
    for (const group of groups) {
      group.stories = T.byStory(group.items).map(({ story, items }) => {
        const row = { group, story, items, first: order.length };
        for (const { name } of items) order.push({ name, group: group.id });
        return row;
      });
    }
    return order;
  };

  const isSettled = (item) => item.decision || !(T.needsDecision(item) || item.status === "failed");

  /** "accepted", "1 rejected" of several, or the largest difference. */
  function value(items) {
    const counts = ["accepted", "rejected"].map((word) => [word, items.filter(({ decision }) => decision === word).length]);
    const made = counts.filter(([, count]) => count > 0);
    if (made.length > 0) {
      return h("span", { class: "small quiet" }, made.map(([word, count]) => (count === items.length ? word : `${T.count(count)} ${word}`)).join(", "));
    }
    const ratios = items.filter(({ status }) => status === "failed" || status === "changed").map(({ diffRatio }) => diffRatio);
    const largest = ratios.filter((ratio) => ratio !== undefined).sort((a, b) => b - a)[0];
    return h("span", { class: "num small" }, ratios.length > 0 ? T.percent(largest) : "");
  }

  /** A story; `selected` is the position of the selected snapshot in the order of
      `total` snapshots, `choose(item)` handles a click. */
  T.storyRow = ({ group, story, items, first }, { selected, total, choose }) => {
    const tone = T.tone(items.find((item) => !isSettled(item)) ?? items[0]);
    const chosen = items[selected - first];
    const dots = items.map((item, index) => h("span", {
      class: "variant", role: "option", id: `snapshot-${first + index}`, data: { status: T.tone(item) },
      "aria-label": [`${T.variantOf(item)}: ${item.status}`, item.decision].filter(Boolean).join(", "), title: `${T.variantOf(item)}: ${item.decision ?? item.status}`,
      "aria-selected": String(item === chosen), "aria-posinset": first + index + 1, "aria-setsize": total,
      onclick: (event) => { event.stopPropagation(); choose(item); },
    }, h("span", { class: `dot${isSettled(item) ? " dot-ring" : ""}` })));
    return h("div", {
      class: `vlist-row${chosen ? " is-selected" : ""}${group.id === undefined ? "" : " is-nested"}`, role: "group", "aria-label": story,
      onclick: () => choose(chosen ?? items.find((item) => !isSettled(item)) ?? items[0]),
    },
    h("span", { class: "tone", data: { status: tone } }, T.sign(tone), h("span", { class: "visually-hidden" }, tone)),
    h("span", { class: "vlist-words" }, T.shortened(story),
      h("span", { class: "variants" }, dots, h("span", { class: "small faint truncate" }, chosen || items.length === 1 ? T.variantOf(chosen ?? items[0]) : `${T.count(items.length)} variants`))),
    value(items));
  };

  /** The text of a cause, with its selector instead of `quotes` in bold. */
  T.changeText = (text) => {
    const [, selector, rest] = /^`([^`]*)`(.*)$/s.exec(text) ?? [];
    return h("span", {}, selector === undefined ? text : [h("b", {}, selector), rest]);
  };

  /** The row of a group: its picture, text and number of snapshots. */
  T.groupRow = (group, { isSelected, choose }) => {
    const open = group.items.filter((item) => !isSettled(item)).length;
    const count = open > 0 && open < group.items.length ? `${T.count(open)} of ${T.count(group.items.length)}` : T.count(group.items.length);
    return h("div", {
      class: `vlist-row vlist-group${isSelected ? " is-selected" : ""}`, role: "option", id: `group-${group.id}`, "aria-selected": String(isSelected),
      title: group.text, onclick: choose,
    },
    group.picture?.() ?? h("span", { class: "tone", data: { status: group.status } }, T.sign(group.status)),
    h("span", { class: `vlist-words${group.isChange ? " change-text" : ""}` }, group.isChange ? T.changeText(group.text) : group.text),
    h("span", { class: "num small" }, group.isChange && open === 0 ? T.icon("check") : null, count, h("span", { class: "visually-hidden" }, open > 0 ? " snapshots to review" : " snapshots")),
    group.isFixed ? null : T.icon(group.isOpen ? "down" : "right"));
  };
}
