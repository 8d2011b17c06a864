/* Prints all of a run: every snapshot in a table, then the pictures of those that
   did not pass. The pages themselves show one snapshot at a time. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;
  const NAMES = { baseline: "Baseline", current: "Current", diff: "Difference" };

  const line = (item) => h("tr", {}, h("td", {}, T.badge(item.status), " ", item.decision), h("td", {}, item.name), h("td", { class: "num" }, item.diffRatio ? T.percent(item.diffRatio) : ""));

  const pictures = (item, images) => h("section", { class: "printed-snapshot" }, h("h2", { class: "heading" }, item.name),
    item.message && h("p", { class: "small" }, item.message),
    h("div", { class: "printed-pictures" }, Object.entries(NAMES).filter(([kind]) => images[kind]).map(([kind, name]) => {
      const picture = h("img", { alt: "", src: images[kind], decoding: "sync" });
      const figure = h("figure", {}, picture, h("figcaption", { class: "small" }, name));
      picture.addEventListener("error", () => figure.remove());
      return figure;
    })));

  /** Adds all snapshots of a workbench to a page while it is printed.
      `images(item)` has the addresses of its pictures. */
  T.printable = (bench, images, signal) => {
    const printed = h("section", { class: "printed" });
    const fill = () => {
      const noticed = bench.all.filter(({ status }) => ["failed", "new", "changed"].includes(status));
      printed.replaceChildren(h("table", { class: "table" }, h("tbody", {}, bench.all.map(line))), ...noticed.map((item) => pictures(item, images(item))));
    };
    addEventListener("beforeprint", fill, { signal });
    addEventListener("afterprint", () => printed.replaceChildren(), { signal });
    return printed;
  };
}
