// Timers: they run when the clock reaches them, in the order of their times.
const timers = new Map();
const MIN_NESTED_DELAY = 4;
const MAX_NESTING = 5;
let time = 0;
let lastTimer = 0;
let nesting = 0;

function addTimer(args, isRepeating) {
  const [handler, delay, ...given] = args;
  // As the platform converts it.
  let wait = Math.max(0, (Number(delay) || 0) | 0);
  if (isRepeating || nesting >= MAX_NESTING) wait = Math.max(wait, MIN_NESTED_DELAY);
  lastTimer += 1;
  timers.set(lastTimer, {
    id: lastTimer,
    due: time + wait,
    period: isRepeating ? wait : null,
    nesting: nesting + 1,
    handler,
    given,
  });
  return lastTimer;
}

replace(window, 'setTimeout', (args) => addTimer(args, false));
replace(window, 'setInterval', (args) => addTimer(args, true));
for (const name of ['clearTimeout', 'clearInterval']) {
  replace(window, name, ([id]) => { timers.delete(Number(id)); });
}

function nextTimer() {
  let next = null;
  for (const timer of timers.values()) {
    if (!next || timer.due < next.due) next = timer;
  }
  return next;
}

function runTimer(timer) {
  time = Math.max(time, timer.due);
  if (timer.period === null) {
    timers.delete(timer.id);
  } else {
    // One that repeats comes after others that are due at the same time.
    timers.delete(timer.id);
    timer.due = time + timer.period;
    timers.set(timer.id, timer);
  }
  nesting = timer.nesting;
  if (typeof timer.handler === 'function') callPage(timer.handler, timer.given);
  else callPage(evaluateGlobally, [String(timer.handler)]);
  nesting = 0;
}

// Runs the timers until a time, or until the page waits for a request.
async function runTimers(end, isWaiting) {
  for (;;) {
    const timer = nextTimer();
    if (!timer || timer.due > end) break;
    runTimer(timer);
    await yieldToBrowser();
    if (isWaiting()) return;
  }
  time = Math.max(time, end);
}
