// Frame callbacks and idle callbacks: they run in the frame after each step.
let frameCallbacks = new CapturedMap();
let runningCallbacks = new CapturedMap();
let idleCallbacks = new CapturedMap();
let lastCallback = 0;

// How long a frame is waited for that the browser may not draw, because it is
// not visible.
const MAX_FRAME_WAIT = window === parent ? 1000 : 100;

function addCallback(callbacks, callback, original, args) {
  // Throws what the original throws.
  if (typeof callback !== 'function') return apply(original, window, args);
  lastCallback += 1;
  callbacks.set(lastCallback, callback);
  return lastCallback;
}

replace(window, 'requestAnimationFrame', (args, self, original) => (
  addCallback(frameCallbacks, args[0], original, args)
));
replace(window, 'cancelAnimationFrame', (args) => {
  frameCallbacks.delete(args[0]);
  runningCallbacks.delete(args[0]);
});
replace(window, 'requestIdleCallback', (args, self, original) => (
  addCallback(idleCallbacks, args[0], original, args)
));
replace(window, 'cancelIdleCallback', (args) => { idleCallbacks.delete(args[0]); });

function runFrameCallbacks() {
  runningCallbacks = frameCallbacks;
  frameCallbacks = new CapturedMap();
  runningCallbacks.forEach((callback, id) => {
    // One that was cancelled by another is not visited.
    runningCallbacks.delete(id);
    callPage(callback, [time]);
  });
}

function runIdleCallbacks() {
  const due = idleCallbacks;
  idleCallbacks = new CapturedMap();
  due.forEach((callback) => {
    let left = 50;
    const timeRemaining = () => {
      left = max(0, left - 0.05);
      return left;
    };
    callPage(callback, [{ didTimeout: false, timeRemaining }]);
  });
}

// Draws a frame in which the page's callbacks run.
function drawFrame() {
  return createPromise((resolve) => {
    let isDrawn = false;
    const draw = () => {
      if (isDrawn) return;
      isDrawn = true;
      runFrameCallbacks();
      resolve();
    };
    native.requestFrame(draw);
    native.setTimeout(draw, MAX_FRAME_WAIT);
  });
}
