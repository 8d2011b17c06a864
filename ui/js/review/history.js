/* The history of a snapshot: its pictures, durations and differences. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const encode = encodeURIComponent;

  R.showStory = async (signal, name) => {
    document.title = `${name} · Tintype`;
    R.keysOf([{ keys: ["Escape", "Backspace"], show: "Backspace", text: "Back", run: () => history.back() }]);
    const { outcomes } = await R.request(`/api/history/${encode(name)}`, { signal });
    const label = (outcome) => `${outcome.status}, ${T.moment(new Date(outcome.at).toISOString())}`;
    const chart = (title, value, kind, unit) => h("section", { class: "panel panel-pad stack" }, h("h2", { class: "heading" }, title),
      T.chart(title, outcomes.map((outcome) => ({ value: value(outcome) ?? 0, status: outcome.status, label: `${unit(value(outcome) ?? 0)}, ${label(outcome)}` })), kind, unit));
    R.main.replaceChildren(h("h1", { class: "title" }, name), ...(outcomes.length === 0
      ? [h("div", { class: "panel" }, h("div", { class: "empty" }, h("p", {}, "No run has recorded this snapshot.")))]
      : [h("div", { class: "scroll stack" },
        h("ol", { class: "filmstrip", tabindex: "0", "aria-label": "Runs, newest first" }, withCrops(outcomes).reverse().map((outcome) => frame(name, outcome, label(outcome)))),
        h("div", { class: "split charts" },
          chart("Duration", ({ durationMs }) => durationMs, "line", (ms) => T.duration(ms)),
          chart("Differing pixels", ({ diffRatio }) => diffRatio, "bars", (ratio) => T.percent(ratio)),
          outcomes.some(({ measurements }) => measurements?.bytes) && chart("Transferred", ({ measurements }) => measurements?.bytes, "line", T.bytes)),
        R.quarantineForm(name))]));
  };

  /** The outcomes, each with the region that its frame shows: its own difference,
      otherwise that of the next outcome that differed, so that a change is seen
      before and after. */
  function withCrops(outcomes) {
    let next;
    return [...outcomes].reverse().map((outcome) => {
      next = outcome.crop ?? next;
      return { ...outcome, crop: next };
    }).reverse();
  }

  const FRAME = { width: 172, height: 108 };

  function frame(name, outcome, label) {
    const { crop } = outcome;
    const picture = R.crop(outcome.picture, crop, crop && R.fittingScale(crop, FRAME));
    const image = picture.querySelector("img");
    image.alt = label;
    image.addEventListener("error", () => picture.replaceWith(h("span", { class: "no-picture small" }, "no image")));
    return h("li", {}, h("a", { href: `#/run/${encode(outcome.runId)}/${encode(name)}` }, picture,
      h("span", { class: "small" }, h("span", {}, new Date(outcome.at).toISOString().slice(0, 10)), h("span", { class: "num" }, T.percent(outcome.diffRatio))), T.badge(outcome.status)));
  }
}
