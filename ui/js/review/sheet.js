/* Accepts many snapshots after a look at each: a sheet of their changed regions,
   old over new at one scale. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;
  const [WIDTH, HEIGHT, MARGIN] = [208, 88, 12];

  /** The scale at which most changed regions fit into their tile. */
  function scaleFor(items) {
    const fits = items.filter(({ crop }) => crop)
      .map(({ crop }) => Math.min(1, (WIDTH - MARGIN) / crop.width, (HEIGHT - MARGIN) / crop.height))
      .sort((a, b) => a - b);
    return Math.max(0.2, fits[Math.floor(fits.length / 2)] ?? 1);
  }

  /** Those whose difference is unlike that of the others come first. */
  function outliersFirst(items) {
    const sizes = items.map(({ diffRatio }) => diffRatio ?? 0).sort((a, b) => a - b);
    const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
    const distance = ({ diffRatio }) => Math.abs((diffRatio ?? 0) - median);
    return [...items].sort((a, b) => distance(b) - distance(a) || (a.name < b.name ? -1 : 1));
  }

  function crop(address, region, scale) {
    const image = h("img", { alt: "", loading: "lazy", decoding: "async", src: address });
    const box = h("span", { class: "crop" }, image);
    image.addEventListener("error", () => box.remove());
    if (!region) {
      box.classList.add("crop-whole");
      return box;
    }
    const place = (from, length, room) => `${room / 2 - (from + length / 2) * scale}px`;
    image.style.setProperty("inset-inline-start", place(region.x, region.width, WIDTH));
    image.style.setProperty("inset-block-start", place(region.y, region.height, HEIGHT));
    image.style.setProperty("scale", String(scale));
    return box;
  }

  function tile(run, item, scale) {
    const image = (kind) => crop(`/images/${encode(run)}/${encode(item.name)}/${kind}`, item.crop, scale);
    const { storyId, theme, viewport } = item.storyIdentifier;
    const button = h("button", { type: "button", class: "tile", "aria-pressed": "true", "aria-label": item.name },
      image("baseline"), image("current"),
      T.shortened(storyId, "small"), h("span", { class: "small faint row spread" }, `${theme} · ${viewport.width}×${viewport.height}`, h("span", { class: "tile-state" }, item.diffRatio ? T.percent(item.diffRatio) : "")));
    button.item = item;
    return button;
  }

  /** Resolves to the snapshots that the user accepts, to `open`, the one to look
      at, or to nothing. */
  R.contactSheet = ({ run, hint, items }) => new Promise((resolve) => {
    const scale = scaleFor(items);
    const tiles = outliersFirst(items).map((item) => tile(run, item, scale));
    const accept = h("button", { type: "button", class: "btn btn-accept", autofocus: true, onclick: () => close({ accepted: included() }) });
    const title = h("h2", { class: "title", id: "sheet-title" });
    const sheet = h("div", { class: "sheet", role: "group", "aria-label": "Snapshots" }, tiles);
    const dialog = h("dialog", { class: "dialog dialog-sheet", "aria-labelledby": "sheet-title", oncancel: () => close({}) },
      h("div", { class: "stack stack-tight" }, title, h("p", { class: "quiet small" }, `${hint} Baselines changed since this run are skipped.`)),
      sheet,
      h("div", { class: "dialog-foot" },
        h("p", { class: "small faint push-start wide-only" }, h("kbd", {}, "X"), " excludes, ", h("kbd", {}, "Enter"), " opens, ", h("kbd", {}, "A"), " accepts the rest"),
        h("button", { type: "button", class: "btn", onclick: () => close({}) }, "Cancel", h("kbd", {}, "Esc")), accept));
    const included = () => tiles.filter((button) => button.ariaPressed === "true").map(({ item }) => item);
    const close = (answer) => { dialog.close(); dialog.remove(); resolve({ accepted: [], ...answer }); };
    const draw = () => {
      const count = included().length;
      title.textContent = `Accept ${T.count(count)} ${count === 1 ? "snapshot" : "snapshots"}?`;
      accept.replaceChildren(T.icon("check"), `Accept ${T.count(count)}`);
      accept.disabled = count === 0;
    };
    const toggle = (button) => { button.ariaPressed = String(button.ariaPressed !== "true"); draw(); };
    sheet.addEventListener("click", (event) => { const button = event.target.closest(".tile"); if (button) toggle(button); });
    const move = (by) => {
      const at = tiles.indexOf(document.activeElement);
      const next = tiles[at < 0 ? 0 : Math.min(tiles.length - 1, Math.max(0, at + by))];
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    };
    const columns = () => Math.max(1, tiles.filter(({ offsetTop }) => offsetTop === tiles[0].offsetTop).length);
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const button = tiles.includes(document.activeElement) ? document.activeElement : undefined;
      const run = {
        ArrowRight: () => move(1), ArrowLeft: () => move(-1),
        ArrowDown: () => move(columns()), ArrowUp: () => move(-columns()),
        Home: () => move(-tiles.length), End: () => move(button ? tiles.length : 0),
        x: button && (() => toggle(button)), Enter: button && (() => close({ open: button.item })),
        a: () => accept.click(),
      }[event.key];
      if (!run) return;
      event.preventDefault();
      run();
    });
    draw();
    document.body.append(dialog);
    dialog.showModal();
  });
}
