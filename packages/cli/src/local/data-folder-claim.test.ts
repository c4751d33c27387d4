import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from '@sion/components';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { CliError } from '../cli-error.ts';
import { claimDataFolder } from './data-folder-claim.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sion-claim-')), 'data');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

type Liveness = ReturnType<ProcessIdentity['liveness']>;

function identity(self: string, others: Readonly<Record<string, Liveness>> = {}): ProcessIdentity {
  return { self, liveness: (other) => (other === self ? 'alive' : (others[other] ?? 'unknown')) };
}

function refusal(run: () => unknown): CliError {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('a folder is made, claimed, and given back', () => {
  const clock = createManualClock();
  const claim = claimDataFolder(folder, identity('a'), clock);
  expect(existsSync(join(folder, 'up.lock'))).toBe(true);
  claim.release();
  expect([existsSync(join(folder, 'up.lock')), clock.pendingTimers()]).toEqual([false, 0]);
  claimDataFolder(folder, identity('b'), clock).release();
});

test('a second claim is refused and says who holds it and since when', () => {
  const clock = createManualClock();
  const claim = claimDataFolder(folder, identity('a'), clock);
  const error = refusal(() => claimDataFolder(folder, identity('b', { a: 'alive' }), clock));
  expect(error.exitCode).toBe(3);
  expect(error.message).toContain(`process ${process.pid}, since 2023-11-14T22:13:20.000Z`);
  expect(error.message).toContain('SION_DATA_DIR');
  claim.release();
});

describe('a holder that did not give it back', () => {
  test('and is dead is taken over from at once', () => {
    const clock = createManualClock();
    claimDataFolder(folder, identity('a'), clock);
    claimDataFolder(folder, identity('b', { a: 'dead' }), clock).release();
    expect(existsSync(join(folder, 'up.lock'))).toBe(false);
  });

  test('and is alive keeps it however long it is silent', () => {
    const clock = createManualClock(Date.now() + 1e9);
    claimDataFolder(folder, identity('a'), clock);
    expect(refusal(() => claimDataFolder(folder, identity('b', { a: 'alive' }), clock)).exitCode).toBe(3);
  });

  test('and cannot be judged keeps it while its file is touched, and loses it afterwards', () => {
    const clock = createManualClock(Date.now());
    claimDataFolder(folder, identity('a'), clock);
    clock.advance(100_000);
    expect(Math.abs(statSync(join(folder, 'up.lock')).mtimeMs - clock.wallMs())).toBeLessThan(3_000);
    expect(refusal(() => claimDataFolder(folder, identity('b'), clock)).exitCode).toBe(3);
    const later = createManualClock(clock.wallMs() + 20_000);
    claimDataFolder(folder, identity('b'), later).release();
  });

  test('and left half a file is judged by its age', () => {
    const clock = createManualClock(Date.now());
    claimDataFolder(folder, identity('a'), clock).release();
    writeFileSync(join(folder, 'up.lock'), '{"identi');
    expect(refusal(() => claimDataFolder(folder, identity('b'), clock)).exitCode).toBe(3);
    claimDataFolder(folder, identity('b'), createManualClock(Date.now() + 20_000)).release();
  });
});

test('releasing leaves alone what another has taken over', () => {
  const clock = createManualClock();
  const first = claimDataFolder(folder, identity('a'), clock);
  const second = claimDataFolder(folder, identity('b', { a: 'dead' }), clock);
  first.release();
  expect(existsSync(join(folder, 'up.lock'))).toBe(true);
  second.release();
});

test('a folder that becomes unusable ends nothing', () => {
  const clock = createManualClock();
  const claim = claimDataFolder(folder, identity('a'), clock);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'no folder any more');
  clock.advance(10_000);
  expect(clock.pendingTimers()).toBe(1);
  claim.release();
  expect(clock.pendingTimers()).toBe(0);
});
