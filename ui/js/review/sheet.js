/* A contact sheet of snapshots: their changed regions, old over new at one scale.
   Those that are left in it are accepted together. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;
  const TILE = { width: 208, height: 88 };
  const MARGIN = 12;
  /** Tiles that are added whenever the end of a sheet comes into view. */
  const BATCH = 48;

  /** The scale at which most changed regions fit into their tile. */
  function scaleFor(items) {
    const fits = items.filter(({ crop }) => crop).map(({ crop }) => R.fittingScale(crop, TILE)).sort((a, b) => a - b);
    return Math.max(0.2, fits[Math.floor(fits.length / 2)] ?? 1);
  }

  /** Those with the largest unexplained part come first, then those whose
      difference is unlike that of the others. */
  function outliersFirst(items) {
    const sizes = items.map(({ diffRatio }) => diffRatio ?? 0).sort((a, b) => a - b);
    const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
    const distance = ({ diffRatio }) => Math.abs((diffRatio ?? 0) - median);
    const residual = ({ explainedRatio }) => 1 - (explainedRatio ?? 1);
    return [...items].sort((a, b) => residual(b) - residual(a) || distance(b) - distance(a) || (a.name < b.name ? -1 : 1));
  }

  /** The scale at which a region fits into a box. */
  R.fittingScale = (region, { width, height }) => Math.min(1, (width - MARGIN) / region.width, (height - MARGIN) / region.height);

  /** A part of an image, its region in the middle of a box. */
  R.crop = (address, region, scale) => {
    const image = h("img", { alt: "", loading: "lazy", decoding: "async", src: address });
    const box = h("span", { class: "crop" }, image);
    image.addEventListener("error", () => box.remove());
    if (!region) {
      box.classList.add("crop-whole");
      return box;
    }
    const place = (from, length) => `calc(50% - ${(from + length / 2) * scale}px)`;
    image.style.setProperty("inset-inline-start", place(region.x, region.width));
    image.style.setProperty("inset-block-start", place(region.y, region.height));
    image.style.setProperty("scale", String(scale));
    return box;
  };

  /** The tiles of a sheet. `open(item)` shows a snapshot, `address(item)` is its
      address, `changed()` is called when one is excluded or included; `stateOf(item)`
      has a `text` and a `reason` for those that are not offered. */
  R.Sheet = class {
    constructor({ run, open, address, changed, stateOf = () => undefined }) {
      Object.assign(this, { run, open, address, changed, stateOf });
      this.excluded = new Set();
      this.tiles = [];
      this.items = [];
      this.end = h("span", { class: "sheet-end", "aria-hidden": "true" });
      this.element = h("div", { class: "sheet", role: "group", "aria-label": "Snapshots" }, this.end);
      new IntersectionObserver((seen) => { if (seen.some(({ isIntersecting }) => isIntersecting)) this.grow(); }, { rootMargin: "400px" }).observe(this.end);
      this.element.addEventListener("keydown", (event) => this.press(event));
      this.element.addEventListener("click", (event) => {
        const tile = this.tiles.find(({ button }) => button.contains(event.target));
        if (tile) { this.focus(this.tiles.indexOf(tile)); this.toggle(tile); }
      });
    }

    /** Shows these snapshots; those that it has already keep their place. */
    show(items) {
      const byName = new Map(items.map((item) => [item.name, item]));
      const isSame = items.length === this.items.length && this.items.every(({ name }) => byName.has(name));
      if (isSame) {
        this.items = this.items.map(({ name }) => byName.get(name));
        this.tiles.forEach((tile, index) => { tile.item = this.items[index]; });
      } else {
        this.items = outliersFirst(items);
        this.scale = scaleFor(items);
        this.tiles = [];
        this.element.replaceChildren(this.end);
        this.grow();
      }
      this.draw();
    }

    /** Adds the next tiles. */
    grow() {
      const next = this.items.slice(this.tiles.length, this.tiles.length + BATCH).map((item) => this.tile(item));
      this.tiles.push(...next);
      this.end.before(...next.map(({ element }) => element));
      next.forEach((tile) => this.drawTile(tile));
      this.end.hidden = this.tiles.length >= this.items.length;
    }

    tile(item) {
      const image = (kind) => R.crop(`/images/${encode(this.run)}/${encode(item.name)}/${kind}`, item.crop, this.scale);
      const kept = item.decision === "accepted" ? "replaced" : "baseline";
      const button = h("button", { type: "button", class: "tile-crops", tabindex: this.tiles.length === 0 ? "0" : "-1" }, image(kept), image("current"));
      const state = h("span", { class: "tile-state" });
      const reason = h("span", { class: "small tile-reason" });
      const link = h("a", { class: "small tile-name", href: this.address?.(item), onclick: (event) => { event.preventDefault(); this.open(item); } }, T.shortened(item.storyIdentifier.storyId));
      const element = h("div", { class: "tile" }, button, link, h("span", { class: "small faint row spread" }, h("span", { class: "truncate" }, T.variantOf(item)), state), reason);
      return { item, element, button, state, reason };
    }

    draw() {
      for (const tile of this.tiles) this.drawTile(tile);
    }

    drawTile({ item, element, button, state, reason }) {
      const refusal = this.stateOf(item);
      const isIn = !refusal && !this.excluded.has(item.name);
      const residual = item.explainedRatio < 1 ? `${T.percent(1 - item.explainedRatio)} unexplained` : T.percent(item.diffRatio ?? 0);
      state.textContent = refusal?.text ?? (isIn ? (item.diffRatio ? residual : "") : "excluded");
      reason.textContent = refusal?.reason ?? "";
      reason.hidden = !refusal?.reason;
      element.dataset.state = refusal ? refusal.kind ?? "refused" : isIn ? "in" : "excluded";
      button.ariaPressed = String(isIn);
      button.ariaDisabled = String(Boolean(refusal));
      button.ariaLabel = [item.name, refusal?.text].filter(Boolean).join(", ");
    }

    included() {
      return this.items.filter((item) => !this.stateOf(item) && !this.excluded.has(item.name));
    }

    toggle(tile = this.active()) {
      if (!tile || this.stateOf(tile.item)) return;
      if (!this.excluded.delete(tile.item.name)) this.excluded.add(tile.item.name);
      this.drawTile(tile);
      this.changed();
    }

    active() {
      return this.tiles.find(({ button }) => button.tabIndex === 0);
    }

    /** Focuses the tile at this position. */
    focus(at = this.tiles.indexOf(this.active())) {
      while (at >= this.tiles.length && this.tiles.length < this.items.length) this.grow();
      const next = this.tiles[Math.min(this.tiles.length - 1, Math.max(0, at))];
      if (!next) return;
      for (const { button } of this.tiles) button.tabIndex = -1;
      next.button.tabIndex = 0;
      next.button.focus({ preventScroll: true });
      next.element.scrollIntoView({ block: "nearest" });
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = this.tiles.findIndex(({ button }) => button === document.activeElement);
      if (at < 0) return;
      const row = Math.max(1, this.tiles.filter(({ element }) => element.offsetTop === this.tiles[0].element.offsetTop).length);
      const run = {
        ArrowRight: () => this.focus(at + 1), ArrowLeft: () => this.focus(at - 1),
        ArrowDown: () => this.focus(at + row), ArrowUp: () => this.focus(at - row),
        Home: () => this.focus(0), End: () => this.focus(this.items.length - 1),
        x: () => this.toggle(this.tiles[at]), Enter: () => this.open(this.tiles[at].item),
      }[event.key];
      if (!run) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    }
  };

  /** The keys of a sheet, for people. */
  R.sheetHint = () => h("p", { class: "small faint push-start wide-only" }, h("kbd", {}, "X"), " excludes, ", h("kbd", {}, "Enter"), " opens, ", h("kbd", {}, "A"), " accepts the rest");

  /** A dialog with a sheet. Resolves to the snapshots that the user accepts, to
      `open`, the one to look at, or to nothing. */
  R.contactSheet = ({ run, hint, items }) => new Promise((resolve) => {
    const sheet = new R.Sheet({ run, open: (item) => close({ open: item }), address: (item) => `#/run/${encode(run)}/${encode(item.name)}`, changed: () => draw() });
    const accept = h("button", { type: "button", class: "btn btn-accept", autofocus: true, onclick: () => close({ accepted: sheet.included() }) });
    const title = h("h2", { class: "title", id: "sheet-title" });
    const dialog = h("dialog", { class: "dialog dialog-sheet", "aria-labelledby": "sheet-title", oncancel: () => close({}) },
      h("div", { class: "stack stack-tight" }, title, h("p", { class: "quiet small" }, `${hint} Baselines changed since this run are skipped.`)),
      sheet.element,
      h("div", { class: "dialog-foot" }, R.sheetHint(),
        h("button", { type: "button", class: "btn", onclick: () => close({}) }, "Cancel", h("kbd", {}, "Esc")), accept));
    const close = (answer) => { dialog.close(); dialog.remove(); resolve({ accepted: [], ...answer }); };
    const draw = () => {
      const count = sheet.included().length;
      title.textContent = `Accept ${T.count(count)} ${count === 1 ? "snapshot" : "snapshots"}?`;
      accept.replaceChildren(T.icon("check"), `Accept ${T.count(count)}`);
      accept.disabled = count === 0;
    };
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isTowards = { ArrowDown: 0, ArrowRight: 0, Home: 0, End: items.length - 1 };
      if (event.key in isTowards) sheet.focus(isTowards[event.key]);
      else if (event.key === "a") accept.click();
      else return;
      event.preventDefault();
    });
    document.body.append(dialog);
    dialog.showModal();
    sheet.show(items);
    draw();
  });
}
