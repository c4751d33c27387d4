import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { Linger } from './linger.ts';
import { type FleetSettings, fleetDefaults } from './settings.ts';

const settings: FleetSettings = { ...fleetDefaults, nodes: 1, nodeMemoryMb: 1024, assumedCapacityBytes: 1 };

test('stays as long as another invocation would cost', () => {
  const linger = new Linger(createManualClock(), settings);
  linger.noteInvocation();
  // (0.0000002 + 3 ms of function time + 13 ms of waiting at 0.0001 $/s) / 0.0000133334 $/s
  expect(linger.lingerMs()).toBe(115);
});

test('stays longer while the instance’s ten invocations a second are nearly used', () => {
  const clock = createManualClock();
  const linger = new Linger(clock, settings);
  for (let invocation = 0; invocation < 8; invocation++) linger.noteInvocation();
  expect(linger.lingerMs()).toBe(1000);
  clock.advance(1001);
  expect(linger.lingerMs()).toBe(115);
});

test('never beyond the greatest age of a session', () => {
  const clock = createManualClock();
  const linger = new Linger(clock, settings);
  linger.noteInvocation();
  clock.advance(settings.sessionMaxMs - 40);
  expect(linger.lingerMs()).toBe(40);
});
