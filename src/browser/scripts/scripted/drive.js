// The clock: it stands still, and is advanced in steps from outside the page.
let liveTicks = null;

// Advances the clock by a step in milliseconds, draws a frame, and returns what
// the page has still to do. While requests are pending it stands still.
async function advance(step, options) {
  const before = time;
  const isWaiting = () => pendingRequests(options).length > 0;
  const isMoving = step > 0 && !isWaiting();
  const call = { step: isMoving ? step : 0, options };
  const known = new Set(nestedWindows);
  const inFrames = callAllNested(call);
  if (isMoving) {
    await runTimers(time + step, isWaiting);
    window.__tintype?.seekMotion(time);
    await drawFrame();
    runIdleCallbacks();
    await yieldToBrowser();
  }
  const answers = await inFrames;
  // Frames that were added meanwhile.
  const added = [...nestedWindows].filter((inner) => !known.has(inner));
  for (const inner of added) answers.push(await callNested(inner, { step: 0, options }));
  return combine(state(time - before, options), answers);
}

function state(passed, options) {
  const next = nextTimer();
  return {
    passed,
    next: next ? Math.max(0, next.due - time) : null,
    frames: frameCallbacks.size > 0 || idleCallbacks.size > 0,
    moving: window.__tintype?.hasVectorMotion() ?? false,
    pending: pendingRequests(options),
    ...workState(),
  };
}

function combine(own, inFrames) {
  for (const inner of inFrames) {
    if (!inner) continue;
    if (inner.next !== null) own.next = Math.min(own.next ?? inner.next, inner.next);
    own.frames ||= inner.frames;
    own.moving ||= inner.moving;
    own.pending.push(...inner.pending);
    own.messages += inner.messages;
    own.unanswered ||= inner.unanswered;
    own.working ||= inner.working;
  }
  return own;
}

// Lets time pass as in reality.
function setLive(isLive) {
  callAllNested({ isLive });
  if (!isLive) {
    native.clearInterval(liveTicks);
    liveTicks = null;
    return;
  }
  if (liveTicks !== null) return;
  let last = native.now();
  let isRunning = false;
  liveTicks = native.setInterval(async () => {
    if (isRunning) return;
    isRunning = true;
    const present = native.now();
    await advance(present - last, { network: false });
    last = present;
    isRunning = false;
  }, 16);
}

// Events carry the time at which they are first asked for it.
const eventTimes = new WeakMap();
const { get: getEventTime, ...eventTime } = (
  Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')
);
Object.defineProperty(Event.prototype, 'timeStamp', {
  ...eventTime,
  get() {
    Reflect.apply(getEventTime, this, []);
    if (!eventTimes.has(this)) eventTimes.set(this, time);
    return eventTimes.get(this);
  },
});

attach();
Object.defineProperty(window, '__tintypeTime', {
  value: Object.freeze({
    advance, attach, setLive, now: () => time, requestFrame: native.requestFrame,
  }),
});
