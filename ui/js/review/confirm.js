/* Asks for confirmation before something that concerns many. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;
  const LINE = 48;

  /** Resolves to whether the user confirms. `list` is shown below the `hint`, and
      scrolls by the keyboard while the `button` has the focus. */
  R.confirmed = ({ question, hint, list, button }) => new Promise((resolve) => {
    const close = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sure-title", oncancel: () => close(false), onkeydown: (event) => scrolls(list, event) && event.preventDefault() },
      h("div", { class: "stack" }, h("h2", { class: "title", id: "sure-title" }, question), h("p", { class: "quiet" }, hint), list),
      h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "btn", onclick: () => close(false) }, "Cancel", h("kbd", {}, "Esc")), button));
    button.addEventListener("click", () => close(true));
    button.autofocus = true;
    document.body.append(dialog);
    dialog.showModal();
  });

  /** Scrolls the list by a key; false if the key does not scroll. */
  function scrolls(list, { key }) {
    if (!list) return false;
    const page = list.clientHeight - LINE;
    const by = { ArrowDown: LINE, ArrowUp: -LINE, PageDown: page, PageUp: -page, Home: -list.scrollHeight, End: list.scrollHeight }[key];
    if (by === undefined) return false;
    list.scrollBy({ top: by });
    return true;
  }
}
