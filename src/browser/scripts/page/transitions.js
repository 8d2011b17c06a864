// Disables transitions: transitions that are finished one by one start others,
// and those in parts of form controls are reached by style only.
const TRANSITION_PARTS = [
  '', '::before', '::after', '::placeholder', '::marker', '::backdrop', '::file-selector-button',
  '::-webkit-slider-thumb', '::-webkit-slider-runnable-track', '::-webkit-progress-bar',
  '::-webkit-progress-value', '::-webkit-meter-bar', '::-webkit-meter-optimum-value',
  '::-webkit-search-cancel-button', '::details-content', '::-moz-range-thumb',
  '::-moz-range-track', '::-moz-range-progress', '::-moz-progress-bar', '::-moz-meter-bar',
];
let transitionSheet;

function disableTransitions() {
  if (!transitionSheet) {
    transitionSheet = new CSSStyleSheet();
    const rules = TRANSITION_PARTS.map((part) => `*${part} { transition: none !important }`);
    transitionSheet.replaceSync(rules.join('\n'));
  }
  const roots = findRoots();
  for (const root of roots) adoptStyleSheet(root, transitionSheet);
  for (const frame of frameLibraries(roots)) frame.disableTransitions();
}
