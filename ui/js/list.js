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
    /** `draw(row)` returns the element of a row: an option, or a group of them. */
    constructor({ label, draw }) {
      this.draw = draw;
      this.rows = [];
      this.selected = -1;
      this.space = h("div", { class: "vlist-space", role: "presentation" });
      this.element = h("div", { class: "vlist", role: "listbox", "aria-label": label, tabindex: "0", onscroll: () => this.schedule() }, this.space);
      new ResizeObserver(() => this.schedule()).observe(this.element);
    }

    /** Shows these rows and keeps `selected` (an index, or -1) visible; `option` is
        the id of the selected option in it. */
    show(rows, selected, option) {
      this.rows = rows;
      this.space.style.setProperty("block-size", `${rows.length * ROW}px`);
      this.select(selected, option);
    }

    select(index, option) {
      this.selected = index;
      this.option = option;
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
      const last = Math.min(this.rows.length, Math.ceil((scrollTop + (clientHeight || 640)) / ROW) + MARGIN);
      const drawn = [];
      for (let index = first; index < last; index += 1) {
        const row = this.draw(this.rows[index]);
        row.style.setProperty("inset-block-start", `${index * ROW}px`);
        row.style.setProperty("block-size", `${ROW}px`);
        drawn.push(row);
      }
      this.space.replaceChildren(...drawn);
      if (this.selected >= first && this.selected < last) this.element.setAttribute("aria-activedescendant", this.option);
      else this.element.removeAttribute("aria-activedescendant");
    }
  };
}
