/**
 * Wall time: the system form of {@link Clock}. It hides the two faults of `setTimeout`: that it fires at once when the
 * delay is above 2^31 ms, and that it may fire up to a millisecond early. A timer here never fires before its time.
 */
import type { Clock, Timer } from '../clock.ts';

/** The longest delay that `setTimeout` takes; longer ones are waited for in pieces. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's clocks and timers. A pending timer keeps the process alive. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, fire) {
    if (Number.isNaN(delayMs)) throw new RangeError('A delay must be a number of milliseconds, not NaN.');
    return delayMs <= 0 ? nextTurn(fire) : later(performance.now() + delayMs, fire);
  },
};

function nextTurn(fire: () => void): Timer {
  const immediate = setImmediate(fire);
  return { cancel: () => clearImmediate(immediate) };
}

function later(dueMs: number, fire: () => void): Timer {
  let timeout: NodeJS.Timeout;
  const wait = () => {
    const remainingMs = dueMs - performance.now();
    if (remainingMs <= 0) fire();
    else timeout = setTimeout(wait, Math.min(Math.ceil(remainingMs), longestTimeoutMs));
  };
  // A process that got no turn since `dueMs` was taken may be late already, and a negative delay is a warning to people.
  const delayMs = Math.max(0, Math.ceil(dueMs - performance.now()));
  timeout = setTimeout(wait, Math.min(delayMs, longestTimeoutMs));
  return { cancel: () => clearTimeout(timeout) };
}
