/**
 * The fronts under the fuzzer: the real RESP and HTTP servers on ports of their own over the real engine, with a store
 * and nodes in this process's memory, and objects that no input can name. It owns what must hold after each input: those
 * objects are as they were, whatever else is there was named by the input, and nothing is held any more.
 */
import { openNetwork, readProcessUsage, silentLog, systemClock, systemRandom, VirtualStore } from '@sion/components';
import { createPlacement, keyOfName, parseStripes, priceBook, s3RequestUsd } from '@sion/core';
import {
  CountedMetrics,
  createHttpServer,
  createRespServer,
  createStatusSource,
  Engine,
  type HttpServer,
  type RespServer,
  respDefaults,
} from '@sion/proxy';
import { payloadOf } from '@sion/workload';
import { createMemoryFleet } from '../doubles/memory-fleet.ts';
import { RawClient } from './raw-client.ts';
import { activeResources, awaited, Fault } from './target.ts';

const kib = 1024;
const mib = 1024 * kib;

/** Limits small enough that inputs reach them. */
export const limits = {
  maxKeyBytes: 512,
  maxRespValueBytes: 2 * mib,
  maxInlineBytes: 64 * kib,
  maxArguments: 1024 * 1024,
  maxHttpObjectBytes: 4 * mib,
} as const;

/** Objects that are there all the time; their keys are long and random, so no input hits them. */
const protectedSizes = { small: 300, large: 100_000 } as const;
const protectedKey = (kind: keyof typeof protectedSizes) => `bystander-94c1d6fa7be0328-${kind}`;

export interface FrontWorld {
  readonly resp: RespServer;
  readonly http: HttpServer;
  readonly engine: Engine;
  /** Reads a protected object on a connection of its own, which stays open; rejects when it is not as it was. */
  bystand(kind: 'small' | 'large'): Promise<void>;
  /** The bystander is to dial again: an input may close other clients' connections. */
  forgetBystander(): void;
  /** Checks what an input left behind, then removes it. `isNamed` tells whether the input named a key. */
  inspect(isNamed: (key: string) => boolean): Promise<void>;
  /** Resolves when nothing is held and only the bystander is connected. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export async function openFrontWorld(): Promise<FrontWorld> {
  const { engine, store, status } = createEngine();
  const parts = { objects: engine, status, clock: systemClock, random: systemRandom, log: silentLog };
  const resp = await createRespServer({
    ...parts,
    network: openNetwork(),
    processUsage: readProcessUsage,
    settings: {
      ...respDefaults,
      ...{ host: '127.0.0.1', respPort: 0, streamThresholdBytes: 1024, pieceBytes: 512, incomingQueueBytes: 2048 },
      ...{ pipelineCommands: 4, maxUnsentBytes: 64 * kib, maxBufferedCommandBytes: 64 * kib },
      ...{ maxKeyBytes: limits.maxKeyBytes, maxRespValueBytes: limits.maxRespValueBytes },
      ...{ maxInlineBytes: limits.maxInlineBytes, maxArguments: limits.maxArguments },
    },
  });
  const http = await createHttpServer({
    ...parts,
    prices: { store: s3RequestUsd(priceBook), nodeUsdPerMs: 1e-9 },
    settings: {
      ...{ host: '127.0.0.1', httpPort: 0, maxKeyBytes: limits.maxKeyBytes },
      ...{ maxHttpObjectBytes: limits.maxHttpObjectBytes, httpHeaderMs: 60_000, httpBodyIdleMs: 60_000 },
      ...{ httpKeepAliveMs: 600_000, maxHttpConnections: 1000, drainMs: 1000 },
    },
  });
  for (const kind of ['small', 'large'] as const) {
    const bytes = payloadOf(protectedKey(kind), 1, protectedSizes[kind]);
    await engine.mutate(protectedKey(kind), {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes, result: undefined }),
    });
  }
  return new OpenWorld(engine, store, resp, http);
}

function createEngine() {
  const store = new VirtualStore({ wallMs: () => systemClock.wallMs() });
  const fleet = createMemoryFleet(12, 64 * mib);
  const metrics = new CountedMetrics();
  let counter = 0;
  const engine = new Engine({
    ...{ clock: systemClock, log: silentLog, store, fleet, metrics },
    placement: createPlacement({ nodes: fleet.size, groupSize: 12 }),
    lease: { isHeld: () => true, assertHeld() {}, expiryNowMs: () => systemClock.wallMs() },
    nextId: () => {
      counter += 1;
      return { epoch: 1, counter };
    },
    settings: {
      ...{ stripes: parseStripes('16KiB=1+1,*=4+2'), maxChunkBytes: 64 * kib, bodyMemoryBytes: 64 * mib },
      ...{
        maxKeyBytes: limits.maxKeyBytes,
        maxObjectBytes: 64 * mib,
        keptMaxBytes: 256 * kib,
        maxEntries: 500,
        maxPlacedBytes: 3 * mib,
      },
      ...{
        maxAbsentKeys: 100,
        absentTtlMs: 50,
        lateMs: 60_000,
        hedgeMs: 1000,
        fetchTimeoutMs: 10_000,
        placePatienceMs: 200,
      },
      ...{ placeOnRead: 'first', migrationConcurrency: 4, durability: 'store', sweepMs: 50, listSweepMs: 60_000 },
    },
  });
  const status = createStatusSource({
    ...{ version: '0.1.0', clock: systemClock, metrics, state: () => 'serving', epoch: () => 1 },
    durability: 'store',
    journal: () => ({
      names: 0,
      storedNames: 0,
      keptUntilMs: undefined,
      records: 0,
      bytes: 0,
      diskBytes: 0,
      oldestMs: undefined,
      failingSinceMs: undefined,
    }),
    journalBounds: { journalBytes: 16 * mib, journalMaxAgeMs: 60_000 },
    store: () => ({ kind: 'directory', place: '/nowhere', reachable: true }),
    objects: () => engine.count(),
    snapshot: () => ({ isLoading: false, loaded: 0, total: 0 }),
    recovery: () => engine.recovery.status,
    hot: () => ({ objects: 0, bytes: 0, maxBytes: 0 }),
    budget: () => ({ lastHourUsd: 0, maxUsdPerHour: 0, isSaving: false }),
    copyBytes: () => engine.memory.copies.status.bytes,
    migration: () => engine.windows.mover.status,
    windows: () => [],
    nodes: () => [],
    connections: () => ({ resp: 0, links: 0 }),
  });
  return { engine, store, status };
}

class OpenWorld implements FrontWorld {
  readonly engine: Engine;
  readonly resp: RespServer;
  readonly http: HttpServer;
  readonly #store: VirtualStore;
  #bystander: RawClient | undefined;
  readonly #sockets = activeResources()['TCPSocketWrap'] ?? 0;

  constructor(engine: Engine, store: VirtualStore, resp: RespServer, http: HttpServer) {
    this.engine = engine;
    this.resp = resp;
    this.http = http;
    this.#store = store;
  }

  async bystand(kind: 'small' | 'large'): Promise<void> {
    const client = (this.#bystander ??= await RawClient.dial(this.resp.port));
    const key = protectedKey(kind);
    const value = Buffer.from(payloadOf(key, 1, protectedSizes[kind]));
    const expected = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
    client.send(Buffer.from(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`));
    await awaited('the bystander’s answer', () => client.received.length >= expected.length || client.ended);
    if (!client.take(expected.length).equals(expected)) throw new Fault('the bystander was served something else');
  }

  forgetBystander(): void {
    this.#bystander?.destroy();
    this.#bystander = undefined;
  }

  async inspect(isNamed: (key: string) => boolean): Promise<void> {
    const { objects } = await this.#store.list('', { limit: 100_000 });
    for (const { name } of objects) {
      const key = keyOfName(name);
      if (key === protectedKey('small') || key === protectedKey('large')) continue;
      if (key === undefined || !isNamed(key))
        throw new Fault(`there is a key that nobody named: ${JSON.stringify(key)}`);
      await this.engine.mutate(key, {
        needs: 'info',
        decide: (current) =>
          current === undefined ? { kind: 'keep', result: undefined } : { kind: 'delete', result: undefined },
      });
    }
    await this.bystand('large');
  }

  async quiet(): Promise<void> {
    const bystanders = this.#bystander === undefined ? 0 : 1;
    await awaited('RESP connections closed', () => this.resp.connections <= bystanders);
    const { budget } = this.engine.memory.parts;
    await awaited('the body budget is given back', () => budget.usedBytes === 0);
    await awaited('no key has its turn', () => this.engine.count().pinned === 0);
    await awaited('no lookup or write is under way', () => this.engine.knowledge.underWay === 0);
    await awaited('no upload is open', () => this.#store.openUploads === 0);
    const sockets = this.#sockets + 2 * bystanders;
    await awaited('all sockets closed', () => (activeResources()['TCPSocketWrap'] ?? 0) <= sockets);
  }

  async close(): Promise<void> {
    this.forgetBystander();
    await Promise.all([this.resp.close(), this.http.close()]);
    await this.engine.drain();
  }
}
