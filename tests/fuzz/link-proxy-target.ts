/**
 * The proxy's links under the fuzzer: node 0 is hostile and says on its two connections what the input holds; node 1 is
 * a real node that goes on holding and serving a chunk. Requests to the hostile node must all be answered, one way or
 * another, and a chunk that it gives is either the right one or none.
 */
import { openNetwork, silentLog, systemClock, systemRandom } from '@sion/components';
import { createNode, nodeDefaults } from '@sion/node';
import { CountedMetrics, createFleet, fleetDefaults, type NodeReply, type RunningFleet } from '@sion/proxy';
import { createScriptedFunctions, type ScriptedInvocation } from '../doubles/scripted-functions.ts';
import { type FuzzInput, type Material, readCorpus } from './input.ts';
import {
  chunkOf,
  epoch,
  filledIn,
  freshNodeMessage,
  heldChunk as held,
  linkWords,
  nodeMessages,
  openingOfNode,
} from './link-frames.ts';
import { RawClient } from './raw-client.ts';
import { activeResources, awaited, Fault, type FuzzTarget, settled, UncaughtWatch } from './target.ts';

const kept = chunkOf(500, 80_000);

export async function openLinkProxyTarget(): Promise<FuzzTarget> {
  const corpus = readCorpus('link-proxy');
  const target = new LinkProxyTarget({
    messages: [...nodeMessages, ...corpus.flatMap(({ parts }) => parts)],
    opening: openingOfNode,
    fresh: freshNodeMessage,
    words: linkWords,
    numbers: 'binary',
  });
  await target.open();
  return target;
}

class LinkProxyTarget implements FuzzTarget {
  readonly material: Material;
  readonly #uncaught = new UncaughtWatch();
  readonly #functions = createScriptedFunctions();
  readonly #sockets = activeResources()['TCPSocketWrap'] ?? 0;
  #fleet: RunningFleet | undefined;
  #invoked: ScriptedInvocation[] = [];

  constructor(material: Material) {
    this.material = material;
  }

  get #running(): RunningFleet {
    if (this.#fleet === undefined) throw new Error('the fleet is not open');
    return this.#fleet;
  }

  async open(): Promise<void> {
    const network = openNetwork();
    const parts = { clock: systemClock, random: systemRandom, network, log: silentLog };
    const store = { get: async () => ({ kind: 'miss' }) as const };
    const node = createNode({ ...parts, store, settings: { ...nodeDefaults, capacityBytes: 1 << 26 } });
    this.#functions.onInvoke = (invocation) => {
      if (invocation.functionName === 'sion-node-000') return void this.#invoked.push(invocation);
      const event: unknown = JSON.parse(JSON.stringify(invocation.payload));
      void node.handle(event, 600_000).then((result) => invocation.returns(result));
    };
    this.#fleet = await createFleet({
      ...{ ...parts, functions: this.#functions, metrics: new CountedMetrics(), epoch },
      settings: {
        ...fleetDefaults,
        ...{ nodes: 2, nodeMemoryMb: 128, assumedCapacityBytes: 1 << 26, linkPort: 0, maxChunkBytes: 1 << 20 },
        // Failures are what happens here: the next attempt follows at once, and the pauses are at their ceiling from the first,
        // so that a node in doubt is not asked again by itself.
        ...{ backoffBaseMs: 1, backoffMaxMs: 1, retriesPerSecond: 1e9, silenceMs: 60_000, heartbeatMs: 1000 },
      },
    });
    if ((await this.#fleet.store(1, kept)).kind !== 'ok') throw new Error('the bystander took no chunk');
  }

  async run(input: FuzzInput): Promise<void> {
    const fleet = this.#running;
    this.#invoked = [];
    this.#functions.forget();
    fleet.evict(
      0,
      [...fleet.manifest(0)].map(({ id }) => id).filter(({ counter }) => counter !== held.id.counter),
    );
    fleet.restore(0, [{ id: held.id, checksum: held.checksum, lengthBytes: held.payload.length }]);
    const gone = new AbortController();
    const replies = this.#ask(gone.signal);
    await awaited('an invocation of the hostile node', () => this.#invoked.length > 0);
    const [invocation] = this.#invoked;
    const { payload } = invocation ?? {};
    if (invocation === undefined || payload?.kind !== 'session') throw new Fault('no session was opened');
    const links = [await RawClient.dial(fleet.linkPort), await RawClient.dial(fleet.linkPort)];
    for (const { stream, bytes } of input.parts) {
      links[stream]?.send(filledIn(bytes, payload.session, payload.token));
      if (input.parts.length < 10) await this.#bystand();
      else await new Promise((resolve) => setImmediate(resolve));
    }
    if (input.leaving !== 'cut') await this.#bystand();
    for (const link of links) {
      if (input.leaving === 'half-closed') link.halfClose();
      else link.destroy();
    }
    await this.#leave(links, replies, gone);
  }

  /** Requests of each kind that wait for the hostile node. */
  #ask(signal: AbortSignal) {
    const fleet = this.#running;
    const load = { id: chunkOf(4, 1).id, checksum: 1, storeName: 'o', etag: '"1"', offset: 0, lengthBytes: 10 };
    return [
      fleet.fetch(0, held.id, { signal }),
      fleet.store(0, chunkOf(2, 50), { signal }),
      fleet.store(0, chunkOf(3, 70_000), { signal }),
      fleet.load(0, load, { signal }),
    ] as const;
  }

  /** The hostile instance is gone: every request ends, and so does the session. */
  async #leave(
    links: readonly RawClient[],
    replies: readonly [Promise<NodeReply<Uint8Array>>, ...Promise<unknown>[]],
    gone: AbortController,
  ): Promise<void> {
    const fleet = this.#running;
    for (const invocation of this.#invoked) invocation.returns({ ended: 'link-lost' });
    gone.abort(new Error('nobody waits any more'));
    const [first, ...others] = replies;
    const fetched = await settled('the answer to the fetch', first);
    await settled('the answers to all requests', Promise.all(others));
    if (fetched.kind === 'ok' && !held.payload.equals(fetched.value)) throw new Fault('a wrong chunk was believed');
    for (const link of links) link.destroy();
    await awaited('the hostile node’s session is over', () => {
      for (const invocation of this.#invoked) invocation.returns({ ended: 'link-lost' });
      return fleet.status()[0]?.state === 'idle';
    });
    await awaited('only the bystander’s links', () => fleet.linkCount <= 2);
    await awaited('all sockets closed', () => (activeResources()['TCPSocketWrap'] ?? 0) <= this.#sockets + 4);
    await this.#bystand();
    this.#uncaught.check();
  }

  async #bystand(): Promise<void> {
    const reply = await settled('the bystander’s chunk', this.#running.fetch(1, kept.id));
    if (reply.kind === 'ok' && kept.payload.equals(reply.value)) return;
    throw new Fault(`the bystander’s chunk is ${reply.kind === 'ok' ? 'wrong' : reply.refusal}`);
  }

  async settle(): Promise<void> {
    await this.#bystand();
    this.#uncaught.check();
  }

  async close(): Promise<void> {
    await this.#running.close();
    await this.#functions.close();
    this.#uncaught.close();
  }
}
