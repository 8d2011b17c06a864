// Stops CSS and web animations: finite ones at their end, endless ones at
// their beginning. A transition that ends may start transitions in elements
// that inherit from its own.
function stopAnimations(root) {
  for (let generation = 0; generation < 10; generation += 1) {
    const running = getAnimations(root).filter(isRunning);
    if (running.length === 0) return;
    running.forEach(stopAnimation);
  }
}

// The same in every root of the document, and in frames that can be reached.
function stopAllAnimations() {
  const roots = findRoots();
  for (const root of roots) stopAnimations(root);
  for (const frame of frameLibraries(roots)) frame.stopAllAnimations();
}

function isRunning(animation) {
  return animation.playState === 'running' && animation.timeline === getTimeline();
}

function stopAnimation(animation) {
  try {
    const { endTime } = animation.effect?.getComputedTiming() ?? {};
    if (endTime === Infinity) animation.cancel();
    else animation.finish();
  } catch {
    animation.cancel();
  }
}
