/**
 * The lifecycle of a node's session as the proxy sees it: one invocation of a node, from its start to its return, with
 * the links that its instance brings. Pure: a table from phase and event to the next phase and what has to be done; the
 * fleet does it. There is never more than one invocation of a node under way (rule 7 of the design), so nothing invokes
 * before the last one has returned, even when its links are long gone.
 *
 * | phase    | meaning                                                                    |
 * |----------|----------------------------------------------------------------------------|
 * | idle     | no invocation; the instance may be frozen, its links may still stand       |
 * | invoking | invoked, its control link has not said hello yet                           |
 * | open     | the control link has said hello: requests are served                       |
 * | ending   | END is sent or about to be, or it is a warm-up: awaits the orderly return  |
 * | severed  | the links were cut: awaits the return of an invocation that is of no use   |
 * | backoff  | the last invocation failed: awaits the time of the next attempt            |
 *
 * The usual way is idle → invoking → open → ending → idle. Events that a phase does not name leave it as it is.
 */

export const sessionPhases = ['idle', 'invoking', 'open', 'ending', 'severed', 'backoff'] as const;

/** A phase of a node's session; see the table above. */
export type SessionPhase = (typeof sessionPhases)[number];

export const sessionEvents = [
  /** A request, or many evictions, want a session. */
  'wanted',
  /** The instance is to be touched so that it stays. */
  'warm-wanted',
  /** A link has proved that it belongs to this session. */
  'control-hello',
  'bulk-hello',
  /** The hellos did not come in time. */
  'hello-timeout',
  /** A link of this session broke, or was closed because of what it said. */
  'link-lost',
  /** Heartbeats were not answered for too long. */
  'silent',
  /** Waiting for another request has cost as much as another invocation would. */
  'linger-expired',
  /** The session has reached its greatest age. */
  'age-reached',
  /** The invocation has ended: the handler returned, … */
  'returned',
  /** … threw, timed out or died, … */
  'failed',
  /** … was refused for now, … */
  'throttled',
  /** … was refused for good, or the service gave no answer. */
  'unavailable',
  /** The backoff is over. */
  'retry-due',
  /** The invocation has not returned although it should have by now. */
  'return-overdue',
  /** The fleet is closing. */
  'stop',
] as const;

/** Something that happened to a node's session. */
export type SessionEvent = (typeof sessionEvents)[number];

/** What the fleet has to do, in the order given, once the phase has changed. */
export type SessionAction =
  /** Start an invocation that opens a session. */
  | 'invoke'
  /** Start an invocation that returns at once. */
  | 'warm-up'
  /** Take the control link: welcome, reconcile the manifest, then serve. */
  | 'begin'
  /** Take the bulk link: welcome. */
  | 'attach'
  /** Refuse the hello and close that link; nothing else is touched. */
  | 'refuse-hello'
  /** Let what was sent be answered, send END, then nothing more. */
  | 'end'
  /** Close the links at once; what was sent settles as unavailable. */
  | 'cut'
  /** Requests that wait for a session settle as unavailable. */
  | 'refuse-waiting'
  /** Count a failure and set the timer of the next attempt. */
  | 'back-off'
  /** The invocation was of use: forget the failures before it. */
  | 'forgive'
  /** Ready for an invocation: start one if something waits, or if the instance may have lost what it held. */
  | 'wake';

/** One cell of the table. */
export interface SessionStep {
  readonly to: SessionPhase;
  readonly actions: readonly SessionAction[];
}

/** The whole table. */
export const sessionTable: Readonly<Record<SessionPhase, Readonly<Record<SessionEvent, SessionStep>>>> = {
  idle: {
    ...unmoved('idle'),
    wanted: step('invoking', 'invoke'),
    'warm-wanted': step('ending', 'warm-up'),
  },
  invoking: {
    ...unmoved('invoking'),
    'control-hello': step('open', 'begin'),
    'bulk-hello': step('invoking', 'attach'),
    'hello-timeout': step('severed', 'cut'),
    'link-lost': step('severed', 'cut'),
    'return-overdue': step('severed', 'cut', 'refuse-waiting'),
    returned: step('backoff', 'cut', 'back-off'),
    failed: step('backoff', 'cut', 'back-off'),
    throttled: step('backoff', 'cut', 'back-off'),
    unavailable: step('backoff', 'cut', 'refuse-waiting', 'back-off'),
    stop: step('severed', 'cut'),
  },
  open: {
    ...unmoved('open'),
    'bulk-hello': step('open', 'attach'),
    'hello-timeout': step('severed', 'cut'),
    'link-lost': step('severed', 'cut'),
    silent: step('severed', 'cut'),
    'return-overdue': step('severed', 'cut', 'refuse-waiting'),
    'linger-expired': step('ending', 'end'),
    'age-reached': step('ending', 'end'),
    returned: step('backoff', 'cut', 'back-off'),
    failed: step('backoff', 'cut', 'back-off'),
    throttled: step('backoff', 'cut', 'back-off'),
    unavailable: step('backoff', 'cut', 'refuse-waiting', 'back-off'),
    stop: step('ending', 'end'),
  },
  ending: {
    ...unmoved('ending'),
    'link-lost': step('severed', 'cut'),
    silent: step('severed', 'cut'),
    'return-overdue': step('severed', 'cut', 'refuse-waiting'),
    returned: step('idle', 'forgive', 'wake'),
    failed: step('backoff', 'cut', 'back-off'),
    throttled: step('backoff', 'cut', 'back-off'),
    unavailable: step('backoff', 'cut', 'refuse-waiting', 'back-off'),
  },
  severed: {
    ...unmoved('severed'),
    'return-overdue': step('severed', 'refuse-waiting'),
    returned: step('backoff', 'back-off'),
    failed: step('backoff', 'back-off'),
    throttled: step('backoff', 'back-off'),
    unavailable: step('backoff', 'refuse-waiting', 'back-off'),
  },
  backoff: {
    ...unmoved('backoff'),
    'retry-due': step('idle', 'wake'),
    stop: step('idle'),
  },
};

/** What `event` does in `phase`. */
export function stepSession(phase: SessionPhase, event: SessionEvent): SessionStep {
  return sessionTable[phase][event];
}

/** How long failed invocations of a node keep it from the next attempt. */
export interface BackoffSettings {
  /** The ceiling after the first failure; it doubles with each further one. */
  readonly baseMs: number;
  /** The ceiling never exceeds this. */
  readonly maxMs: number;
}

/**
 * The pause before the next attempt after `failures` (≥ 1) failures in a row: from half the ceiling to the ceiling,
 * spread by `jitter` in [0, 1) so that nodes that failed together do not retry together. Never less than what the
 * service itself asked for.
 */
export function backoffMs(failures: number, jitter: number, settings: BackoffSettings, retryAfterMs = 0): number {
  const ceilingMs = backoffCeilingMs(failures, settings);
  return Math.max(retryAfterMs, ceilingMs / 2 + (jitter * ceilingMs) / 2);
}

/** The longest pause after `failures` (≥ 1) failures in a row. */
export function backoffCeilingMs(failures: number, { baseMs, maxMs }: BackoffSettings): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
}

function step(to: SessionPhase, ...actions: readonly SessionAction[]): SessionStep {
  return { to, actions };
}

/** A row in which nothing happens but that hellos out of place are refused. */
function unmoved(phase: SessionPhase): Record<SessionEvent, SessionStep> {
  const stay = step(phase);
  const refuse = step(phase, 'refuse-hello');
  return {
    wanted: stay,
    'warm-wanted': stay,
    'control-hello': refuse,
    'bulk-hello': refuse,
    'hello-timeout': stay,
    'link-lost': stay,
    silent: stay,
    'linger-expired': stay,
    'age-reached': stay,
    returned: stay,
    failed: stay,
    throttled: stay,
    unavailable: stay,
    'retry-due': stay,
    'return-overdue': stay,
    stop: stay,
  };
}
