/* Asks for confirmation before something that cannot be undone. */
"use strict";
globalThis.Tintype ??= {};
{
  const T = globalThis.Tintype;
  const R = (T.review ??= {});
  const { h } = T;

  /** Resolves to whether the user presses the `button`. */
  R.confirmed = ({ question, hint, button }) => new Promise((resolve) => {
    const close = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sure-title", oncancel: () => close(false) },
      h("div", { class: "stack" }, h("h2", { class: "title", id: "sure-title" }, question), h("p", { class: "quiet" }, hint)),
      h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "btn", onclick: () => close(false) }, "Cancel", h("kbd", {}, "Esc")), button));
    button.addEventListener("click", () => close(true));
    document.body.append(dialog);
    dialog.showModal();
  });
}
