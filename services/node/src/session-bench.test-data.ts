/** What the tests of sessions share: a scripted proxy, nodes that dial it, and sessions opened between them. */
import { crc32 } from 'node:zlib';
import {
  type Clock,
  type Connection,
  type Network,
  openNetwork,
  silentLog,
  systemClock,
  systemRandom,
  VirtualStore,
} from '@sion/components';
import type { InvocationPayload, InvocationResult, LinkKind, ToProxy, WireChunkId } from '@sion/wire';
import type { ChunkSource } from './chunk-loader.ts';
import { createNode, type Node } from './node.ts';
import { type ScriptedLink, ScriptedProxy } from './scripted-proxy.test-data.ts';
import { nodeDefaults } from './settings.ts';

export const minuteMs = 60_000;
export const token = 'ab'.repeat(16);

export interface NodeOptions {
  readonly clock?: Clock;
  readonly store?: ChunkSource;
  readonly network?: Network;
  readonly capacityBytes?: number;
}

export function chunkId(counter: number): WireChunkId {
  return { epoch: 7, counter, fragment: 0, index: 0 };
}

/** Stores chunk `counter` in a request of the same number. */
export function store(link: ScriptedLink, session: number, counter: number, payload: Uint8Array): Promise<ToProxy> {
  return link.ask(session, counter, { type: 'store', id: chunkId(counter), checksum: crc32(payload), payload });
}

/** One proxy and all that dialled it; started before and stopped after each test. */
export class SessionBench {
  readonly #connections: Connection[] = [];
  #proxy: ScriptedProxy | undefined;

  get proxy(): ScriptedProxy {
    if (this.#proxy === undefined) throw new Error('the bench is not started');
    return this.#proxy;
  }

  async start(): Promise<void> {
    this.#proxy = await ScriptedProxy.start();
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections.splice(0)) connection.destroy();
    await this.proxy.close();
  }

  /** Time-outs are generous: only tests with a clock of their own want to see them pass. */
  newNode(options: NodeOptions = {}): Node {
    const { clock = systemClock, capacityBytes = 64 * 1024 * 1024 } = options;
    const timeouts = { dialTimeoutMs: minuteMs, helloTimeoutMs: minuteMs };
    return createNode({
      clock,
      random: systemRandom,
      network: options.network ?? this.network(),
      log: silentLog,
      store: options.store ?? new VirtualStore({ wallMs: () => 0 }),
      settings: { ...nodeDefaults, ...timeouts, capacityBytes, maxPayloadBytes: 8 * 1024 * 1024 },
    });
  }

  invocation(fields: Partial<InvocationPayload> = {}): InvocationPayload {
    const { host, port } = this.proxy;
    return { v: 1, kind: 'session', node: 'sion-node-003', host, port, epoch: 7, session: 1, token, ...fields };
  }

  /** Opens session 1; `payload` is held as chunk 1. */
  async openWithChunk(
    node: Node,
    payload: Uint8Array = Buffer.from('held'),
  ): Promise<Record<LinkKind, ScriptedLink> & { readonly ended: Promise<InvocationResult> }> {
    const ended = node.handle(this.invocation(), 10 * minuteMs);
    const links = await this.proxy.open();
    const answer = await store(links.control, 1, 1, payload);
    if (answer.type !== 'done') throw new Error(`the chunk was not stored: ${answer.type}`);
    return { ended, ...links };
  }

  /** The same, ended in order. */
  async endedWithChunk(node: Node): Promise<Record<LinkKind, ScriptedLink>> {
    const { ended, control, bulk } = await this.openWithChunk(node);
    control.send(1, 0, { type: 'end' });
    const result = await ended;
    if (result.ended !== 'end') throw new Error(`the session ended with ${result.ended}`);
    return { control, bulk };
  }

  /** A network that remembers what it dialled, so that nothing outlives a test. */
  network(onDialled: (connection: Connection) => Connection = (connection) => connection): Network {
    const network = openNetwork({ highWaterBytes: 256 * 1024 });
    return {
      listen: network.listen,
      dial: async (host, port, timeoutMs) => {
        const connection = await network.dial(host, port, timeoutMs);
        this.#connections.push(connection);
        return onDialled(connection);
      },
    };
  }

  /** A network that sees how often the node stops reading, and how much output it lets queue. */
  watchedNetwork(): { readonly network: Network; readonly seen: { pauses: number; mostBuffered: number } } {
    const seen = { pauses: 0, mostBuffered: 0 };
    const network = this.network((connection) => ({
      remote: connection.remote,
      local: connection.local,
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      attach: (handlers) => connection.attach(handlers),
      write(parts) {
        const belowMark = connection.write(parts);
        seen.mostBuffered = Math.max(seen.mostBuffered, connection.bufferedBytes);
        return belowMark;
      },
      writeSoon(parts, onTaken) {
        const belowMark = connection.writeSoon(parts, onTaken);
        seen.mostBuffered = Math.max(seen.mostBuffered, connection.bufferedBytes);
        return belowMark;
      },
      pause() {
        seen.pauses += 1;
        connection.pause();
      },
      resume: () => connection.resume(),
      end: () => connection.end(),
      destroy: () => connection.destroy(),
    }));
    return { network, seen };
  }
}
