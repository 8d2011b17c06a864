/* The quarantines of the project, and the form that sets one. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;

  /** What became of the snapshots since. */
  function outcomes({ snapshots, runs, failures, cleanRuns }) {
    if (snapshots === 0) return "no snapshot matches";
    if (runs === 0) return "no outcome recorded yet";
    return `${T.count(failures)} of ${T.count(runs)} failed; ${T.count(cleanRuns)} clean in a row`;
  }

  function line(quarantine, lift) {
    const { subject, until, reason, ended, canBeLifted, difference } = quarantine;
    return h("li", { class: "row" },
      h("div", { class: "stack stack-tight push-start" },
        h("div", { class: "row row-tight" }, T.shortened(subject, "mono"), difference && T.badge("changed", "one difference"), ended && T.badge("failed", "ended"), !ended && canBeLifted && T.badge("passed", "can be lifted")),
        h("div", { class: "small" }, reason),
        h("div", { class: "small faint" }, `until ${until} · ${outcomes(quarantine)}`)),
      h("button", { type: "button", class: `btn btn-small ${canBeLifted ? "btn-primary" : ""}`.trim(), onclick: () => lift(subject) }, "Lift", h("span", { class: "visually-hidden" }, ` the quarantine of ${subject}`)));
  }

  R.showQuarantines = async (signal) => {
    document.title = "Quarantine · Tintype";
    const list = h("ul", { class: "lines" });
    const trouble = h("p", { class: "field-error", role: "alert" });
    const draw = ({ quarantines }) => {
      list.replaceChildren(...quarantines.map((quarantine) => line(quarantine, lift)));
      if (quarantines.length === 0) list.append(h("li", {}, h("div", { class: "empty" }, h("p", {}, "Nothing is in quarantine."), h("p", { class: "small quiet" }, "Open the history of a snapshot to put it in quarantine."))));
    };
    const lift = (subject) => R.send("/api/quarantines", { change: "lift", subject }).then(draw, (error) => { trouble.textContent = error.message; });
    draw(await R.request("/api/quarantines", { signal }));
    R.main.replaceChildren(R.healthHead("quarantine", "Failures of these snapshots do not fail a run. Commit quarantine.toml after a change.", trouble),
      h("div", { class: "panel scroll" }, list));
  };

  const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

  /** A button that opens the form for a snapshot. */
  R.quarantineForm = (name) => {
    const [story, theme, viewport] = name.split("::");
    const input = (id, attributes) => h("input", { class: "input", id, required: true, ...attributes });
    const field = (text, control) => h("div", { class: "field" }, h("label", { class: "label", for: control.id }, text), control);
    const scope = h("select", { class: "input", id: "quarantine-scope" },
      [name, `${story}::${theme}`, story].map((subject) => h("option", {}, subject)));
    const until = input("quarantine-until", { type: "date", min: inDays(0), value: inDays(14) });
    const reason = input("quarantine-reason", { type: "text", placeholder: "what is wrong, and who takes care of it" });
    const trouble = h("p", { class: "field-error", role: "alert" });
    const form = h("form", {
      class: "stack", onsubmit: (event) => {
        event.preventDefault();
        R.send("/api/quarantines", { change: "set", subject: scope.value, until: until.value, reason: reason.value })
          .then(() => { location.hash = "#/quarantine"; }, (error) => { trouble.textContent = error.message; });
      },
    }, field("Snapshots", scope), field("Last day", until), field("Reason", reason), trouble, h("button", { class: "btn btn-primary" }, "Put in quarantine"));
    return h("details", { class: "panel panel-pad" }, h("summary", {}, "Quarantine"), form);
  };
}
