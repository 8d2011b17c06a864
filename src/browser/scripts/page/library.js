// The functions that Tintype calls, in a property that the page does not see
// when it lists those of its window.
const library = {
  applyTheme, blockButtonUp, captureTarget, checkReadiness, disableTransitions, finishMotion,
  frameWindows, isHovered, localStorageItems, maskAreas, matchingAreas, nextFrame, otherOrigins,
  pageExtent, pageLocation, pageResources, pendingConditions, performAction, promiseResult,
  responseStatus, serialize, startPromise, storybookState, unblockButtonUp,
};
Object.defineProperty(window, '__tintype', { value: Object.freeze(library) });
