import { describe, expect, test } from 'vitest';
import {
  backoffMs,
  type SessionAction,
  type SessionEvent,
  type SessionPhase,
  sessionEvents,
  sessionPhases,
  sessionTable,
  stepSession,
} from './session.ts';

/** Every cell that does something, written down a second time on purpose: the rest must leave the phase as it is. */
const moves: Record<SessionPhase, Partial<Record<SessionEvent, readonly [SessionPhase, ...SessionAction[]]>>> = {
  idle: { wanted: ['invoking', 'invoke'], 'warm-wanted': ['ending', 'warm-up'] },
  invoking: {
    'control-hello': ['open', 'begin'],
    'bulk-hello': ['invoking', 'attach'],
    'hello-timeout': ['severed', 'cut'],
    'link-lost': ['severed', 'cut'],
    'return-overdue': ['severed', 'cut', 'refuse-waiting'],
    returned: ['backoff', 'cut', 'back-off'],
    failed: ['backoff', 'cut', 'back-off'],
    throttled: ['backoff', 'cut', 'back-off'],
    unavailable: ['backoff', 'cut', 'refuse-waiting', 'back-off'],
    stop: ['severed', 'cut'],
  },
  open: {
    'bulk-hello': ['open', 'attach'],
    'hello-timeout': ['severed', 'cut'],
    'link-lost': ['severed', 'cut'],
    silent: ['severed', 'cut'],
    'return-overdue': ['severed', 'cut', 'refuse-waiting'],
    'linger-expired': ['ending', 'end'],
    'age-reached': ['ending', 'end'],
    returned: ['backoff', 'cut', 'back-off'],
    failed: ['backoff', 'cut', 'back-off'],
    throttled: ['backoff', 'cut', 'back-off'],
    unavailable: ['backoff', 'cut', 'refuse-waiting', 'back-off'],
    stop: ['ending', 'end'],
  },
  ending: {
    'link-lost': ['severed', 'cut'],
    silent: ['severed', 'cut'],
    'return-overdue': ['severed', 'cut', 'refuse-waiting'],
    returned: ['idle', 'forgive', 'wake'],
    failed: ['backoff', 'cut', 'back-off'],
    throttled: ['backoff', 'cut', 'back-off'],
    unavailable: ['backoff', 'cut', 'refuse-waiting', 'back-off'],
  },
  severed: {
    'return-overdue': ['severed', 'refuse-waiting'],
    returned: ['backoff', 'back-off'],
    failed: ['backoff', 'back-off'],
    throttled: ['backoff', 'back-off'],
    unavailable: ['backoff', 'refuse-waiting', 'back-off'],
  },
  backoff: { 'retry-due': ['idle', 'wake'], stop: ['idle'] },
};

describe('the session table', () => {
  for (const phase of sessionPhases) {
    for (const event of sessionEvents) {
      test(`${phase} × ${event}`, () => {
        const unmoved = event === 'control-hello' || event === 'bulk-hello' ? [phase, 'refuse-hello'] : [phase];
        const [to, ...actions] = moves[phase][event] ?? unmoved;
        expect(stepSession(phase, event)).toEqual({ to, actions });
      });
    }
  }

  test('an invocation starts in idle only: there is never a second one under way', () => {
    for (const phase of sessionPhases) {
      for (const event of sessionEvents) {
        const { actions } = sessionTable[phase][event];
        if (actions.includes('invoke') || actions.includes('warm-up')) expect(phase).toBe('idle');
      }
    }
  });

  test('a phase with an invocation under way is left for idle or backoff by its return alone', () => {
    const returns: SessionEvent[] = ['returned', 'failed', 'throttled', 'unavailable'];
    for (const phase of ['invoking', 'open', 'ending', 'severed'] as const) {
      for (const event of sessionEvents) {
        const { to } = sessionTable[phase][event];
        expect(to === 'idle' || to === 'backoff', `${phase} × ${event}`).toBe(returns.includes(event));
      }
    }
  });

  test('every way into severed cuts the links, and every way into backoff sets its timer', () => {
    for (const phase of sessionPhases) {
      for (const event of sessionEvents) {
        const { to, actions } = sessionTable[phase][event];
        if (to === 'severed' && phase !== 'severed') expect(actions).toContain('cut');
        if (to === 'backoff' && phase !== 'backoff') expect(actions.at(-1)).toBe('back-off');
      }
    }
  });
});

describe('backoff', () => {
  const settings = { baseMs: 50, maxMs: 1000 };

  test('doubles from half the base and stays under its bound', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((n) => backoffMs(n, 0, settings))).toEqual([25, 50, 100, 200, 400, 500, 500]);
    expect([1, 2, 6, 5000].map((n) => backoffMs(n, 0.5, settings))).toEqual([37.5, 75, 750, 750]);
  });

  test('never comes before the service wants to be asked again', () => {
    expect(backoffMs(1, 0, settings, 700)).toBe(700);
    expect(backoffMs(60, 0, settings, 10)).toBe(500);
  });
});
