// The functions that Tintype calls, in a property that the page does not see
// when it lists those of its window.
// A window that gets another document keeps its properties.
const isOf = (other) => other === document;
const library = {
  hasVectorMotion, isOf, restartImages, seekMotion, stopAllAnimations,
  applyTheme, blockButtonUp, captureSlice, captureTarget, capturedPage, checkReadiness,
  disableTransitions, endCapture, finishMotion, frameWindows, isHovered, keepRevealed,
  localStorageItems, maskAreas,
  matchingAreas, nextFrame, otherOrigins, pageLocation, pageResources, pendingConditions,
  performAction, promiseResult, responseStatus, scrollOn, serialize, showRestartedImages,
  startCapture, startPromise, storybookState, unblockButtonUp,
};
Object.defineProperty(window, '__tintype', { value: Object.freeze(library), configurable: true });
