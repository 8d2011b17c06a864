/* A list that renders only visible rows, so that ten thousand snapshots scroll
   smoothly. All rows have the same height. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;
  const ROW = 60;
  const MARGIN = 6;

  T.VirtualList = class {
    /** `draw(item)` returns the children of a row, `choose(item)` handles a click. */
    constructor({ label, draw, choose }) {
      this.draw = draw;
      this.choose = choose;
      this.items = [];
      this.selected = -1;
      this.space = h("div", { class: "vlist-space", role: "presentation" });
      this.element = h("div", { class: "vlist", role: "listbox", "aria-label": label, tabindex: "0", onscroll: () => this.schedule() }, this.space);
      new ResizeObserver(() => this.schedule()).observe(this.element);
    }

    /** Shows these items and keeps `selected` (an index, or -1) visible. */
    show(items, selected) {
      this.items = items;
      this.space.style.setProperty("block-size", `${items.length * ROW}px`);
      this.select(selected);
    }

    select(index) {
      this.selected = index;
      if (index >= 0) {
        const top = index * ROW;
        const { scrollTop, clientHeight } = this.element;
        if (top < scrollTop) this.element.scrollTop = top;
        else if (clientHeight > 0 && top + ROW > scrollTop + clientHeight) this.element.scrollTop = top + ROW - clientHeight;
      }
      this.render();
    }

    schedule() {
      this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.render(); });
    }

    render() {
      const { scrollTop, clientHeight } = this.element;
      const first = Math.max(0, Math.floor(scrollTop / ROW) - MARGIN);
      const last = Math.min(this.items.length, Math.ceil((scrollTop + (clientHeight || 640)) / ROW) + MARGIN);
      const rows = [];
      for (let index = first; index < last; index += 1) rows.push(this.row(index));
      this.space.replaceChildren(...rows);
      if (this.selected >= first && this.selected < last) this.element.setAttribute("aria-activedescendant", `row-${this.selected}`);
      else this.element.removeAttribute("aria-activedescendant");
    }

    row(index) {
      const item = this.items[index];
      return h("div", {
        class: "vlist-row", role: "option", id: `row-${index}`,
        "aria-selected": String(index === this.selected), "aria-posinset": index + 1, "aria-setsize": this.items.length,
        style: { "inset-block-start": `${index * ROW}px`, "block-size": `${ROW}px` },
        onclick: () => this.choose(item, index),
      }, this.draw(item));
    }
  };
}
