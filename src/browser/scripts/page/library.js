// The functions that Tintype calls, in a property that the page does not see
// when it lists those of its window, and cannot replace.
const { guard } = createGuard([
  ...languageObjects(),
  // Few: describing an interface makes the browser create all of its functions.
  ...[
    'NodeList', 'HTMLCollection', 'DOMTokenList', 'DOMRectReadOnly', 'DOMRectList', 'Range',
    'HTMLElement', 'Element', 'Node',
  ].map((name) => window[name]?.prototype),
], [[RegExp, Symbol.species]]);
const isOf = (other) => other === document;
const functions = {
  hasVectorMotion, holdMotion, isOf, releaseMotion, restartImages, seekMotion,
  stopAllAnimations,
  applyTheme, blockButtonUp, captureSlice, captureTarget, capturedPage, checkReadiness,
  collectDigest, countElements, declaringRules, digestedDeclarations, digestedElement,
  disableTransitions, documentHtml, domText, endCapture, finishMotion, frameWindows, isHovered, isPrepared,
  keepRevealed, layoutDigest,
  localStorageItems, lookReads, maskAreas,
  matchingAreas, nextFrame, otherOrigins, pageLocation, pageMeasurements,
  pageResources, pendingConditions,
  prepare, promiseResult, requestStatus, responseStatus, scrollOn, serialize,
  showRestartedImages, viewportSize,
  startCapture, startPromise, storybookState, unblockButtonUp,
};
const library = {};
for (const [name, run] of Object.entries(functions)) library[name] = unnoticed(guard(run));
// It runs listeners of the page, which need what the page has replaced.
library.performAction = performAction;
// A function's result, which cannot inherit `then` from the page.
library.answer = (name, ...given) => {
  const result = apply(library[name], undefined, given);
  if (typeof result !== 'object' || result === null) return result;
  const isPromise = getPrototypeOf(result) === NativePromise.prototype;
  return isPromise ? own(result) : setPrototypeOf(result, null);
};
Object.freeze(library);
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
