/* What is known of a snapshot besides its pictures: environment, remarks, times. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;

  T.environmentOf = ({ environmentChanged = [] }) => {
    if (environmentChanged.length === 0) return null;
    return h("div", { class: "alert", data: { status: "changed" } }, T.icon("info"),
      h("strong", {}, "The baseline was captured in another environment"),
      h("dl", { class: "facts" }, environmentChanged.flatMap(({ what, baseline, current }) =>
        [h("dt", {}, what), h("dd", {}, `${baseline}, now ${current}`)])));
  };

  // Known failures, quarantines, unmet steps, instability and flakiness.
  function pageError({ kind, message, url }) {
    if (kind === "request") return `The request to ${url} failed: ${message}`;
    if (kind === "exception") return `Uncaught exception${url ? ` in ${url}` : ""}: ${message}`;
    return `console.error: ${message}`;
  }

  T.remarksOf = ({ overBudget = [], knownFailure, quarantine, attempts = [], status, unmetStep, unstable, pageErrors = [] }) => {
    const remark = (icon, kind, title, text) => h("div", { class: "alert", data: { status: kind } }, T.icon(icon), h("strong", {}, title), text && h("p", {}, text));
    return [
      knownFailure && remark("info", status, "Known failure", knownFailure),
      quarantine && remark("info", status, `In quarantine until ${quarantine.until}`, quarantine.reason),
      unmetStep && remark("info", status, `Step ${unmetStep.number} failed`, "The image shows the page at that step and cannot be accepted."),
      overBudget.length > 0 && remark("info", status, "Over budget", overBudget.join(", ")),
      unstable && remark("info", status, "Unstable", "The page looked different each time. The images show the last capture and its difference from the one before; they cannot be accepted."),
      pageErrors.length > 0 && remark("info", "changed", "Errors of the page", pageErrors.map(pageError).join("; ")),
      attempts.length > 1 && (status === "passed" || (status === "changed" && !knownFailure && quarantine?.status !== "failed")) && remark("info", "changed", "Flaky", `It ${status} on attempt ${attempts.length}.`),
    ].filter(Boolean);
  };

  const bytes = T.bytes = (count) => (count < 1024 ? `${T.count(count)} bytes` : count < 1048576 ? `${Math.round(count / 102.4) / 10} KiB` : count < 1073741824 ? `${Math.round(count / 104857.6) / 10} MiB` : `${Math.round(count / 107374182.4) / 10} GiB`);
  const ms = (time) => `${T.count(time)} ms`;
  const MEASURED = [["bytes", "Transferred", bytes], ["requests", "Requests", T.count], ["nodes", "Nodes", T.count], ["consoleErrors", "Console errors", T.count], ["cls", "Layout shift", String], ["lcpMs", "Largest paint", ms], ["firstPaintMs", "First paint", ms], ["scriptMs", "Script time", ms], ["longTasks", "Long tasks", T.count]];

  const PARTS = [["navigateMs", "Navigate"], ["settleMs", "Settle"], ["captureMs", "Capture"], ["compareMs", "Compare"], ["durationMs", "Total"]];

  T.factsOf = (item) => {
    const times = PARTS.filter(([key]) => item[key] !== undefined);
    const more = [
      ["Attempt", item.attempt], ["Browser", item.browser], ["Scale", item.scale], ["Worker", item.worker],
      ["Baseline", item.baseline], ["Current", item.current], ["Difference", item.diff],
    ].filter(([, value]) => value !== undefined);
    const regions = item.regions ?? [];
    const fact = ([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))];
    const listed = (texts = []) => texts.map((text, index) => [String(index + 1), text]);
    const box = (title, rows, kind = "") => rows.length > 0 && h("section", { class: "panel panel-pad stack stack-tight" }, h("h3", { class: "label" }, title), h("dl", { class: `facts ${kind}` }, rows.flatMap(fact)));
    const measured = item.measurements ?? {};
    return h("div", { class: "split facts-row" },
      box("Time", times.map(([key, name]) => [name, T.duration(item[key])]), "facts-end"),
      box("Settled", (item.settled ?? []).map(({ step, ms }) => [step, T.duration(ms)]), "facts-end"),
      box(item.cached ? "Measurements of the last capture" : "Measurements", MEASURED.filter(([key]) => measured[key] !== undefined).map(([key, name, show]) => [name, show(measured[key])]), "facts-end"),
      box("Steps", (item.steps ?? []).map(({ number, kind, target, status, ms: time }) => [String(number), `${kind} ${target}: ${status} after ${T.duration(time)}`])),
      box("Attempts", (item.attempts ?? []).map(({ status, durationMs, message }, index) => [String(index + 1), `${status} after ${T.duration(durationMs)}${message ? `: ${message}` : ""}`])),
      box("Regions", regions.slice(0, 8).map((region, index) => [String(index + 1), `${region.width}×${region.height} at ${region.x}, ${region.y}`]).concat(regions.length > 8 ? [["", `and ${T.count(regions.length - 8)} more`]] : []), "facts-end"),
      box("Causes", (item.explanation?.causes ?? []).map((cause, index) => [String(index + 1), `${[cause.kind, cause.selector, cause.property].filter(Boolean).join(" ")}${cause.property !== "content" && (cause.from || cause.to) ? `: ${cause.from ?? "(none)"} → ${cause.to ?? "(none)"}` : ""} (${T.count(cause.pixels)} pixels)`])),
      item.sensitivity?.length > 0 && h("section", { class: "panel panel-pad stack stack-tight" },
        h("h3", { class: "label" }, "Sensitivity"),
        h("pre", { class: "code", tabindex: "0" }, item.sensitivity.join("\n"))),
      box("Error", [["Kind", item.error?.kind], ["Selector", item.error?.selector], ["Step", item.error?.step]].filter(([, value]) => value !== undefined)),
      ...[["Stack", item.error?.stack], ["Console", item.evidence?.console], ["Page as text", item.evidence?.dom]].map(([title, text]) => text && h("section", { class: "panel panel-pad stack stack-tight" },
        h("h3", { class: "label" }, title),
        h("pre", { class: "code evidence", tabindex: "0" }, text))),
      box("Open network", listed(item.openNetwork)),
      box("Limits of the engine", listed(item.limits)),
      box("Details", more));
  };
}
