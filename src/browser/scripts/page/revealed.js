// Once a page is scrolled through, what was in view stays revealed: pages that
// hide content when it leaves the viewport are not told that it does.
let keepsRevealed = false;
function keepRevealed(isOn = true) {
  keepsRevealed = isOn;
  for (const frame of frameLibraries()) frame.keepRevealed(isOn);
}

// The largest part of each target that was in view, and whether it still is.
const observedTargets = new WeakMap();
function isPassedOn(observer, { target, isIntersecting, intersectionRatio }) {
  if (!observedTargets.has(observer)) observedTargets.set(observer, new WeakMap());
  const targets = observedTargets.get(observer);
  if (isCapturing) return false;
  const { most, isInside } = targets.get(target) ?? { most: -1, isInside: false };
  const ratio = isIntersecting ? intersectionRatio : -1;
  targets.set(target, { most: Math.max(most, ratio), isInside: isIntersecting });
  // With one threshold, entering again is reported once, with whatever ratio.
  const enters = isIntersecting && !isInside && observer.thresholds.length === 1;
  return !keepsRevealed || enters || ratio >= most;
}

filterEntries('IntersectionObserver', isPassedOn);
const IntersectionObservers = window.IntersectionObserver?.prototype;
if (IntersectionObservers) {
  const takeRecords = uncurry(IntersectionObservers.takeRecords);
  IntersectionObservers.takeRecords = function () {
    return takeRecords(this).filter((entry) => isPassedOn(this, entry));
  };
}
