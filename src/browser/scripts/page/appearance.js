// Hides what differs from one screenshot to the next or is not part of a story:
// the caret, scrollbars, marks of the spell checker.
let appearanceSheet;
function applyAppearance(root) {
  if (!appearanceSheet) {
    appearanceSheet = new CSSStyleSheet();
    appearanceSheet.replaceSync(`
      *, *::before, *::after {
        caret-color: transparent !important;
        scroll-behavior: auto !important;
        scrollbar-width: none !important;
      }
      ::-webkit-scrollbar { display: none !important; }
      ::spelling-error, ::grammar-error { text-decoration: none !important; }
    `);
  }
  adoptStyleSheet(root, appearanceSheet);
}
