/** Functions whose every invocation a test ends by hand, or leaves to a script. */
import type { Functions, InvocationOutcome, InvocationReport } from '@sion/components';
import { type InvocationPayload, type InvocationResult, readInvocation } from '@sion/wire';

export interface ScriptedInvocation {
  readonly functionName: string;
  readonly payload: InvocationPayload;
  readonly isOver: boolean;
  end(outcome: InvocationOutcome): void;
  /** The handler returns, as an instance that held nothing would unless told otherwise. */
  returns(result?: Partial<InvocationResult>): void;
}

export interface ScriptedFunctions extends Functions {
  readonly invocations: readonly ScriptedInvocation[];
  /** Called with each invocation as it starts. */
  onInvoke: (invocation: ScriptedInvocation) => void;
  /** Forgets the invocations that are over, for tests that make very many. */
  forget(): void;
}

const report: InvocationReport = {
  requestId: 'r',
  durationMs: 99.5,
  billedMs: 100,
  memoryMb: 1024,
  maxMemoryMb: 100,
};

export function createScriptedFunctions(): ScriptedFunctions {
  const invocations: ScriptedInvocation[] = [];
  const open = new Set<ScriptedInvocation>();
  const functions: ScriptedFunctions = {
    invocations,
    onInvoke: () => {},
    forget() {
      invocations.splice(0, invocations.length, ...invocations.filter(({ isOver }) => !isOver));
    },
    invoke(functionName, payload, options) {
      const { promise, resolve } = Promise.withResolvers<InvocationOutcome>();
      const invocation: ScriptedInvocation = {
        functionName,
        payload: readInvocation(JSON.parse(Buffer.from(payload).toString())),
        get isOver() {
          return !open.has(invocation);
        },
        end(outcome) {
          open.delete(invocation);
          resolve(outcome);
        },
        returns(result = {}) {
          const whole = { v: 1, instance: 'i', ended: 'end', chunks: 0, bytes: 0, ...result };
          invocation.end({ kind: 'returned', payload: Buffer.from(JSON.stringify(whole)), report });
        },
      };
      open.add(invocation);
      invocations.push(invocation);
      const giveUp = () => invocation.end({ kind: 'unavailable', message: 'given up' });
      options?.signal?.addEventListener('abort', giveUp, { once: true });
      functions.onInvoke(invocation);
      return promise;
    },
    async close() {
      for (const invocation of open) invocation.end({ kind: 'unavailable', message: 'closed' });
    },
  };
  return functions;
}
