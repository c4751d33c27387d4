/**
 * The node: what an instance of the function remembers from one invocation to the next. That is its id, the chunks, the
 * links that survived, and the highest epoch it has seen. Everything of the outside world comes in as a part, so that
 * the same node runs on Lambda, under the emulator and in a virtual world.
 */
import { type Clock, type Log, type Network, type Random, randomHex } from '@sion/components';
import { type InvocationResult, type LinkKind, readInvocation, SionError } from '@sion/wire';
import { ChunkLoader, type ChunkSource } from './chunk-loader.ts';
import { ChunkMemory } from './chunk-memory.ts';
import type { Link } from './link.ts';
import { runSession } from './session.ts';
import type { NodeSettings } from './settings.ts';

export interface NodeParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly log: Log;
  readonly store: ChunkSource;
  readonly settings: NodeSettings;
}

/** One instance. */
export interface Node {
  /** 32 hexadecimal digits, drawn when the instance started. */
  readonly instance: string;
  /**
   * Serves one invocation; the one before must have ended. `event` is the invocation's payload, `remainingMs` the time
   * until its deadline. Rejects with `invalid` when the payload is not one of ours.
   */
  handle(event: unknown, remainingMs: number): Promise<InvocationResult>;
}

/** Starts an instance, empty and without links. */
export function createNode(parts: NodeParts): Node {
  const { clock, log, network, store, settings } = parts;
  const instance = randomHex(parts.random, 16);
  const memory = new ChunkMemory(settings.capacityBytes);
  const loader = new ChunkLoader({ clock, store, memory, log, settings: settings.loads });
  const links = new Map<LinkKind, Link>();
  let highestEpoch = 0;
  let busy = false;

  const serve = async (event: unknown, remainingMs: number): Promise<InvocationResult['ended']> => {
    const invocation = readInvocation(event);
    if (invocation.kind === 'warmup') return 'warmup';
    if (invocation.epoch < highestEpoch) return 'epoch';
    highestEpoch = invocation.epoch;
    const sessionLog = log.child({ node: invocation.node, instance, session: invocation.session });
    const holdings = { memory, loader };
    return runSession(
      { clock, network, settings, holdings, instance, links, log: sessionLog },
      invocation,
      remainingMs,
    );
  };

  return {
    instance,
    async handle(event, remainingMs) {
      if (busy) throw new SionError('internal', 'node: an invocation came before the last one had ended');
      busy = true;
      try {
        const ended = await serve(event, remainingMs);
        log.debug('invocation-ended', { ended, chunks: memory.count, bytes: memory.usedBytes });
        return { v: 1, instance, ended, chunks: memory.count, bytes: memory.usedBytes };
      } finally {
        busy = false;
      }
    },
  };
}
