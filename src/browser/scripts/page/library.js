// The functions that Tintype calls, in a property that the page does not see
// when it lists those of its window.
const library = {
  addMasks, applyTheme, blockButtonUp, checkReadiness, disableTransitions, elementBox, finishMotion,
  frameWindows, isHovered, localStorageItems, nextFrame, otherOrigins, pageExtent, pageLocation,
  pageResources, pendingConditions, performAction, promiseResult, removeMasks, responseStatus,
  serialize, startPromise, storybookState, unblockButtonUp,
};
Object.defineProperty(window, '__tintype', { value: Object.freeze(library) });
