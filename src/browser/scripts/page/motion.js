// Motion by `requestAnimationFrame`: counted, and finished on request. While it
// is being finished, each frame is a quarter of a second later for the page, so
// that finite motion reaches its end; after that no callback runs any more.
const motion = { frames: 0, isFinishing: false, framesLeft: 40, offset: 0 };
const scripted = window.__tintypeTime;
const requestFrame = scripted?.requestFrame ?? window.requestAnimationFrame.bind(window);
const requestPageFrame = window.requestAnimationFrame.bind(window);
const heldCallbacks = [];
window.requestAnimationFrame = function (callback) {
  if (motion.isFinishing && motion.framesLeft <= 0) {
    heldCallbacks.push(callback);
    return -heldCallbacks.length;
  }
  return requestPageFrame((time) => {
    motion.frames += 1;
    callback(time + motion.offset);
  });
};
const readPerformanceClock = performance.now.bind(performance);
if (!clockIsSet) performance.now = () => readPerformanceClock() + motion.offset;

// Resolves after two frames: the second callback runs after the first frame
// was drawn. These frames are not counted as motion.
function nextFrame() {
  return new Promise((resolve) => requestFrame(() => requestFrame(() => resolve(true))));
}

// Advances motion by one frame; returns whether it is finished. Ends the
// transitions that no script can reach, too: those in parts of form controls.
function finishMotion() {
  if (!motion.isFinishing) disableTransitions();
  motion.isFinishing = true;
  motion.offset += 250;
  motion.framesLeft -= 1;
  return motion.framesLeft <= 0;
}

function hasMotion() {
  return motion.frames > 0 && !motion.isFinishing;
}
