/* The keyboard: one table that handles keys and is shown under "?". */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const { h } = T;

  const typing = (target) =>
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !["range", "checkbox", "radio"].includes(target.type));

  /** Listens for `keys`: [{keys: ["j", "ArrowDown"], show: "J", text, run}].
      `run` may return false to leave the key to the browser. The result can
      `open` the table and `stop` listening. */
  T.keyboard = (keys) => {
    const table = new Map(keys.flatMap((entry) => entry.keys.map((key) => [key, entry])));
    const help = helpDialog(keys);
    table.set("?", { run: () => help.open() });
    const listening = new AbortController();
    help.stop = () => listening.abort();
    document.addEventListener("keydown", (event) => {
      // AltGr is no shortcut: on some keyboards it types brackets.
      if ((event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph")) return;
      if (document.querySelector("dialog[open]")) return;
      if (typing(event.target)) {
        const isSearch = event.target.type === "search";
        // The browser would clear the search at the first Escape.
        if (event.key === "Escape" || (isSearch && ["Enter", "ArrowDown"].includes(event.key))) {
          event.preventDefault();
          event.target.blur();
        }
        return;
      }
      const entry = table.get(event.shiftKey && event.key.length === 1 && event.key !== "?" ? `Shift+${event.key.toUpperCase()}` : event.key) ?? table.get(event.key);
      if (!entry || entry.run(event) === false) return;
      event.preventDefault();
    }, { signal: listening.signal });
    return help;
  };

  function helpDialog(keys) {
    const shown = [...keys.filter((entry) => entry.text), { show: "?", text: "Keyboard shortcuts" }, { show: "Enter ↓ Esc", text: "Leave the search and keep it" }, { show: "Esc", text: "Clear the search and the filters, close a dialog" }];
    const dialog = h("dialog", { class: "dialog dialog-wide", "aria-labelledby": "keys-title" },
      h("div", { class: "row spread" }, h("h2", { class: "title", id: "keys-title" }, "Keyboard shortcuts"),
        h("button", { type: "button", class: "btn btn-quiet btn-icon btn-small", "aria-label": "Close", onclick: () => dialog.close() }, T.icon("cross"))),
      h("dl", { class: "keys" }, shown.map(({ show, text }) =>
        h("div", {}, h("dt", {}, text), h("dd", {}, show.split(" ").map((key) => h("kbd", {}, key)))))));
    return {
      open() {
        if (!dialog.isConnected) document.body.append(dialog);
        dialog.showModal();
      },
    };
  }
}
