/** A target that keeps values in memory, answers after a fixed time of a virtual clock, and stalls when it is told to. */
import type { Clock, Timer, VirtualTime } from '@sion/components';
import { type PutBody, type ReadRange, type Target, wholeBody } from '../target.ts';

export function virtualClock(time: VirtualTime): Clock {
  return {
    monotonicMs: () => time.nowMs,
    wallMs: () => Math.floor(time.nowMs),
    after(delayMs, fire): Timer {
      let isCancelled = false;
      time.after(delayMs, () => {
        if (!isCancelled) fire();
      });
      return {
        cancel: () => {
          isCancelled = true;
        },
      };
    },
  };
}

export interface ScriptedTarget extends Target {
  readonly values: Map<string, Buffer>;
  /** Requests that begin now are answered then at the earliest. */
  stallUntilMs: number;
}

export function createScriptedTarget(time: VirtualTime, answerMs: number): ScriptedTarget {
  const values = new Map<string, Buffer>();
  const target: ScriptedTarget = {
    values,
    stallUntilMs: 0,
    describe: async () => ({ protocol: 'scripted' }),
    close: async () => {},
    openLane: async () => ({
      put: async (key: string, body: PutBody) => {
        await answer();
        values.set(key, wholeBody(body));
      },
      get: async (key: string, range: ReadRange | undefined, take: (piece: Uint8Array) => void) => {
        await answer();
        const value = values.get(key);
        if (value !== undefined) take(value.subarray(range?.start ?? 0, range?.end ?? value.length));
        return value !== undefined;
      },
      head: async (key: string) => {
        await answer();
        return values.get(key)?.length;
      },
      delete: async (key: string) => {
        await answer();
        values.delete(key);
      },
      close: async () => {},
    }),
  };
  const answer = () =>
    new Promise<void>((resolve) => {
      time.after(Math.max(answerMs, target.stallUntilMs - time.nowMs), resolve);
    });
  return target;
}
