// The functions that Tintype calls, in a property that the page does not see
// when it lists those of its window, and cannot replace.
const guard = createGuard([
  ...languageObjects(),
  // Few: describing an interface makes the browser create all of its functions.
  ...[
    'NodeList', 'HTMLCollection', 'DOMTokenList', 'DOMRectReadOnly', 'DOMRectList', 'Range',
    'HTMLElement', 'Element', 'Node',
  ].map((name) => window[name]?.prototype),
]);
const isOf = (other) => other === document;
const functions = {
  hasVectorMotion, isOf, restartImages, seekMotion, stopAllAnimations,
  applyTheme, blockButtonUp, captureSlice, captureTarget, capturedPage, checkReadiness,
  disableTransitions, endCapture, finishMotion, frameWindows, isHovered, keepRevealed,
  localStorageItems, maskAreas,
  matchingAreas, nextFrame, otherOrigins, pageLocation, pageResources, pendingConditions,
  promiseResult, responseStatus, scrollOn, serialize, showRestartedImages,
  startCapture, startPromise, storybookState, unblockButtonUp,
};
const library = {};
for (const [name, run] of Object.entries(functions)) library[name] = guard(run);
// It runs listeners of the page, which need what the page has replaced.
library.performAction = performAction;
// A function's result, which cannot inherit `then` from the page.
const { freeze, setPrototypeOf } = Object;
const { apply } = Reflect;
library.answer = (name, ...given) => {
  const result = apply(library[name], undefined, given);
  const isPlain = typeof result === 'object' && result !== null && !(result instanceof Promise);
  return isPlain ? setPrototypeOf(result, null) : result;
};
freeze(library);
// A window that gets another document keeps its properties.
const installed = Object.getOwnPropertyDescriptor(window, '__tintype');
if (installed) {
  window.__tintype = library;
} else {
  let current = library;
  Object.defineProperty(window, '__tintype', {
    get: () => current,
    set(next) {
      if (!current.isOf(window.document)) current = next;
    },
  });
}
