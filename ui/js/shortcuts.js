/* The keys of the two columns of report and review. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;

  /** The keys of the list and the comparison of a workbench, for `T.keyboard`. */
  T.workbenchKeys = (bench) => {
    const mode = (value) => () => bench.set("mode", value);
    const arrow = (dx, dy, otherwise) => (event) => {
      const far = event.shiftKey ? 10 : 1;
      if (!bench.compare?.nudge(dx * far, dy * far)) return otherwise ? otherwise() : false;
      return true;
    };
    return [
      { keys: ["j"], show: "J", text: "Next snapshot", run: () => bench.move(1) },
      { keys: ["k"], show: "K", text: "Previous snapshot", run: () => bench.move(-1) },
      { keys: ["ArrowDown"], run: arrow(0, 1, () => bench.move(1)) },
      { keys: ["ArrowUp"], run: arrow(0, -1, () => bench.move(-1)) },
      { keys: ["ArrowLeft"], run: arrow(-1, 0) },
      { keys: ["ArrowRight"], run: arrow(1, 0) },
      { keys: ["Home"], run: () => bench.move(-bench.order.length) },
      { keys: ["End"], run: () => bench.move(bench.order.length) },
      { keys: ["n"], show: "N", text: "Next to review", run: () => bench.moveToUndecided() },
      { keys: ["1"], show: "1", text: "Side by side", run: mode("side") },
      { keys: ["2"], show: "2", text: "Slider (arrow keys move it)", run: mode("slider") },
      { keys: ["3"], show: "3", text: "Overlay", run: mode("overlay") },
      { keys: ["4"], show: "4", text: "Blink", run: mode("blink") },
      { keys: ["b"], show: "B", text: "Blink manually", run: () => bench.compare?.swap() ?? false },
      { keys: ["5"], show: "5", text: "Difference only", run: mode("diff") },
      // Only while nothing else has the focus: otherwise Tab moves it.
      { keys: ["Tab"], show: "Tab", text: "Zoom to the next region", run: (event) => document.activeElement === document.body && bench.moveToRegion(event.shiftKey ? -1 : 1) },
      { keys: ["+", "="], show: "+", text: "Zoom in", run: () => bench.zoom(1) },
      { keys: ["-"], show: "-", text: "Zoom out", run: () => bench.zoom(-1) },
      { keys: ["l"], show: "L", text: "Loupe (arrow keys move it)", run: () => bench.set("loupe", !bench.view.loupe) },
      { keys: ["o"], show: "O", text: "Outline regions", run: () => bench.set("regions", !bench.view.regions) },
      { keys: [" "], show: "Space", text: "Swap old and new", run: (event) => !event.target.closest("button, a, summary, [role=slider]") && bench.swap() },
      { keys: ["Escape"], run: () => bench.clear() },
      { keys: ["/"], show: "/", text: "Search", run: () => { bench.element.classList.remove("is-open"); bench.search.focus(); bench.search.select(); } },
      { keys: ["t"], show: "T", text: "Light or dark", run: () => T.toggleTheme() },
    ];
  };
}
