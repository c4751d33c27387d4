/** Does to the fleet what the plan says, and undoes what lasts only a while. */
import type { PlannedFault } from './fault-plan.ts';
import { describeFault } from './fault-plan.ts';
import { type Fleet, type PartName, pause } from './fleet.ts';
import { isAlive, signalTo } from './processes.ts';

/** What came of it. */
export interface Disturbance {
  readonly text: string;
  /** False when there was nothing to do it to. */
  readonly isDone: boolean;
}

/** Resolves when it is over: what was paused goes on, what was killed is gone. */
export async function disturb(fleet: Fleet, fault: PlannedFault): Promise<Disturbance> {
  const { kind, durationMs, count, choice } = fault;
  const text = describeFault(fault);
  const outcome = (isDone: boolean) => ({ text: isDone ? text : `${text}: nothing to do it to`, isDone });
  switch (kind) {
    case 'reclaim-one':
      return outcome(await fleet.reclaim({ count: 1, seed: choice }));
    case 'reclaim-several':
      return outcome(await fleet.reclaim({ count, seed: choice }));
    case 'reclaim-all':
      return outcome(await fleet.reclaim({ all: true }));
    case 'kill-instance':
    case 'pause-instance': {
      const pids = await fleet.instancePids();
      const pid = pids[choice % Math.max(1, pids.length)];
      return outcome(await (kind === 'kill-instance' ? kill(pid) : halt(pid, durationMs)));
    }
    case 'kill-proxy':
      return outcome(await killParts(fleet, ['proxy']));
    case 'kill-emulator':
      return outcome(await killParts(fleet, ['emulator']));
    case 'kill-proxy-and-emulator':
      return outcome(await killParts(fleet, ['proxy', 'emulator']));
    case 'pause-proxy':
    case 'pause-proxy-beyond-lease':
      return outcome(await halt(fleet.pidOf('proxy'), durationMs));
    case 'pause-emulator':
      return outcome(await halt(fleet.pidOf('emulator'), durationMs));
    case 'kill-everything':
      await fleet.killEverything();
      return outcome(true);
    case 'cut-links': {
      const share = choice % 3 === 0 ? 1 : 0.2;
      const count = fleet.relay.cut(share);
      return count === 0 ? outcome(false) : { text: `${text} (${count})`, isDone: true };
    }
    case 'stall-links':
      fleet.relay.stall();
      await pause(durationMs);
      fleet.relay.resume();
      return outcome(true);
  }
}

async function killParts(fleet: Fleet, parts: readonly PartName[]): Promise<boolean> {
  const kills = parts.map((part) => kill(fleet.pidOf(part)));
  return (await Promise.all(kills)).some(Boolean);
}

async function kill(pid: number | undefined): Promise<boolean> {
  if (pid === undefined || !signalTo(pid, 'SIGKILL')) return false;
  while (isAlive(pid)) await pause(5);
  return true;
}

async function halt(pid: number | undefined, durationMs: number): Promise<boolean> {
  if (pid === undefined || !signalTo(pid, 'SIGSTOP')) return false;
  await pause(durationMs);
  return signalTo(pid, 'SIGCONT');
}
