// The clock: it stands still, and is advanced in steps from outside the page.
let liveTicks = null;

// Advances the clock by a step in milliseconds, draws a frame, and resolves to what
// the page has still to do. While requests are pending it stands still.
function advance(step, options) {
  return own(advanceClock(step, options));
}

async function advanceClock(step, options) {
  const before = time;
  const isWaiting = () => pendingRequests(options).length > 0;
  const isMoving = step > 0 && !isWaiting();
  const called = new CapturedSet();
  const inFrames = callAllNested({ step: isMoving ? step : 0, options }, called);
  if (isMoving) {
    await own(runTimers(time + step, isWaiting));
    window.__tintype?.seekMotion(time);
    await drawFrame();
    runIdleCallbacks();
    await yieldToBrowser();
  }
  const answers = await inFrames;
  // Frames that were added meanwhile.
  const added = await callAllNested({ step: 0, options }, called);
  const activity = state(time - before, options);
  combine(activity, answers);
  combine(activity, added);
  return activity;
}

function state(passed, options) {
  return {
    __proto__: null,
    passed,
    next: firstTimer && max(0, firstTimer.due - time),
    frames: frameCallbacks.size > 0 || idleCallbacks.size > 0,
    moving: window.__tintype?.hasVectorMotion() ?? false,
    pending: pendingRequests(options),
    ...workState(),
  };
}

function combine(activity, inFrames) {
  for (let index = 0; index < inFrames.length; index += 1) {
    const inner = inFrames[index];
    if (inner.next !== null) activity.next = min(activity.next ?? inner.next, inner.next);
    activity.frames ||= inner.frames;
    activity.moving ||= inner.moving;
    activity.messages += inner.messages;
    activity.unanswered ||= inner.unanswered;
    activity.working ||= inner.working;
    for (let each = 0; each < inner.pending.length; each += 1) {
      activity.pending[activity.pending.length] = inner.pending[each];
    }
  }
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
const eventTimes = new CapturedWeakMap();
const { get: getEventTime, ...eventTime } = (
  Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')
);
Object.defineProperty(Event.prototype, 'timeStamp', {
  ...eventTime,
  get() {
    apply(getEventTime, this, []);
    if (!eventTimes.has(this)) eventTimes.set(this, time);
    return eventTimes.get(this);
  },
});

attach();
Object.defineProperty(window, '__tintypeTime', {
  value: Object.freeze({
    advance, attach, setLive, now: () => time, requestFrame: native.requestFrame, workerMotion,
  }),
});
