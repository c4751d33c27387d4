import { describe, expect, test } from 'vitest';
import { decideRestart, restartDefaults } from './restart-policy.ts';

const killed = { end: { code: null, signal: 'SIGKILL' }, livedMs: 5, served: true } as const;
const { quickMs, maxQuickFailures } = restartDefaults;

const settings = { ...restartDefaults, maxDelayMs: 300 };

describe('a part that died', () => {
  test('after a long life is started again almost at once', () => {
    expect(decideRestart({ ...killed, livedMs: quickMs }, 4)).toEqual({
      kind: 'restart',
      delayMs: 100,
      quickFailures: 1,
    });
  });

  test('quickly and again waits twice as long each time, within the bound, and is then given up', () => {
    const delays: number[] = [];
    let decision = decideRestart(killed, 0, settings);
    while (decision.kind === 'restart') {
      delays.push(decision.delayMs);
      decision = decideRestart(killed, decision.quickFailures, settings);
    }
    expect(delays).toEqual([100, 200, 300, 300]);
    expect(decision).toEqual({ kind: 'give-up', quickFailures: maxQuickFailures, because: 'repeated' });
  });

  test.each([
    [2, 'settings'],
    [3, 'refused'],
  ])('with exit code %i is given up at once', (code, because) => {
    expect(decideRestart({ end: { code, signal: null }, livedMs: quickMs * 2, served: false }, 0)).toMatchObject({
      kind: 'give-up',
      because,
    });
  });

  test('because it lost the lease that it had is started again', () => {
    const end = { code: 3, signal: null };
    expect(decideRestart({ end, livedMs: quickMs, served: true }, 0)).toMatchObject({ kind: 'restart' });
  });
});
