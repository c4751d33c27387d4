/**
 * The load: clients that each ask one thing after the other, look at every byte, and write down what they were told.
 * After a request that failed a client only reads until it is answered again, as whoever asks "are you there?" does: what
 * is written into an outage is of unknown result, and of those the checker can bear only so many per key.
 */
import { SeededRandom } from '@sion/workload';
import { type History, type Observation } from '../doubles/history.ts';
import { drawFamily, drawKey, drawSizeBytes, familyOf, generationAt } from './keys.ts';
import type { Problem, RequestKind, RequestRecord } from './record.ts';
import { type ChaosClient, type Durability, RequestFailure } from './requests.ts';
import { type Decoded, isCounter, type StoredValues } from './stored-values.ts';

/** What all clients of a run have in common. */
export interface LoadWorld {
  readonly seed: string;
  readonly history: History;
  readonly values: StoredValues;
  /** Keys of which something was written to memory alone. */
  readonly volatileKeys: Set<string>;
  /** Since the load began. */
  elapsedMs(): number;
  record(request: RequestRecord): void;
  problem(problem: Problem): void;
}

/** A key whose history has so many calls of unknown result is only read. */
const maxUnknowns = 6;
const maxThinkMs = 40;

/** What a request may be told while parts are down; anything else is a defect. */
const expectedCodes = ['unavailable', 'indeterminate', 'capacity', 'closed', 'lost', 'no-connection', 'timeout'];

export class LoadClient {
  readonly #world: LoadWorld;
  readonly #name: string;
  readonly #client: ChaosClient;
  readonly #durability: Durability;
  readonly #random: SeededRandom;
  #writes = 0;
  #isDoubtful = false;

  constructor(world: LoadWorld, name: string, client: ChaosClient, durability: Durability) {
    this.#world = world;
    this.#name = name;
    this.#client = client;
    this.#durability = durability;
    this.#random = new SeededRandom(`chaos ${world.seed} ${name}`);
  }

  /** Asks until it is told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const waitMs = this.#isDoubtful ? 50 + this.#random.integer(150) : this.#random.integer(maxThinkMs);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const key = this.#drawKey();
      await (this.#isDoubtful ? this.get(key) : this.#act(key));
    }
  }

  /** Reads a key whole; true when it was answered. */
  async get(key: string): Promise<boolean> {
    const observation = this.#call(key, { kind: 'read' });
    return await this.#ask('get', observation, async () => {
      const bytes = await this.#client.get(key);
      this.#found(observation, bytes === undefined ? undefined : this.#world.values.decode(key, bytes));
      return bytes?.length ?? 0;
    });
  }

  /** Writes a new value, or counts one further; true when it was answered. */
  async write(key: string): Promise<boolean> {
    return isCounter(key) && this.#client.increment !== undefined ? await this.#increment(key) : await this.#set(key);
  }

  #drawKey(): string {
    const random = this.#random;
    const newest = generationAt(this.#world.elapsedMs());
    // One in eight looks at something older.
    const generation = newest > 0 && random.integer(8) === 0 ? random.integer(newest) : newest;
    return drawKey(drawFamily(random), generation, random);
  }

  async #act(key: string): Promise<boolean> {
    const isOld = Number(key.split('-')[1]) < generationAt(this.#world.elapsedMs());
    const choice = this.#random.integer(20);
    if (isOld || choice < 9 || this.#world.history.unknownsOf(key) >= maxUnknowns) return await this.get(key);
    if (choice < 11) return await this.#range(key);
    if (choice < 12) return await this.#delete(key);
    if (choice < 14 && familyOf(key) === 'fleeting') return await this.#expire(key);
    if (isCounter(key) && this.#client.increment === undefined) return await this.get(key);
    return await this.write(key);
  }

  async #range(key: string): Promise<boolean> {
    const { values } = this.#world;
    const sizeBytes = values.lastSizeBytes(key) ?? 0;
    if (isCounter(key) || sizeBytes < 64) return await this.get(key);
    const start = this.#random.integer(sizeBytes - 32);
    const end = start + 32 + this.#random.integer(Math.min(sizeBytes, 1 << 20));
    const observation = this.#call(key, { kind: 'read' });
    return await this.#ask('range', observation, async () => {
      const bytes = await this.#client.range(key, start, end);
      this.#found(observation, values.decodeRange(key, bytes, start, end));
      return bytes.length;
    });
  }

  async #set(key: string): Promise<boolean> {
    this.#writes++;
    const family = familyOf(key);
    const sizeBytes = drawSizeBytes(family, this.#random);
    const { token, bytes } = this.#world.values.make(
      ...([key, `${this.#name}-${this.#writes}`, sizeBytes, this.#random.bytes(16)] as const),
    );
    const expires = family === 'fleeting' && this.#client.expire !== undefined && this.#random.integer(2) === 0;
    const expiresAtMs = expires ? this.#drawExpiry() : undefined;
    const life = expiresAtMs === undefined ? {} : { expiresAtMs };
    const observation = this.#call(key, { kind: 'write', token, ...life, ...this.#volatile(key) });
    return await this.#ask('set', observation, async () => {
      await this.#client.set(key, bytes, expiresAtMs);
      this.#returned(observation, undefined);
      return sizeBytes;
    });
  }

  async #delete(key: string): Promise<boolean> {
    const observation = this.#call(key, { kind: 'delete' });
    return await this.#ask('delete', observation, async () => {
      const was = await this.#client.delete(key);
      this.#returned(observation, { kind: was ? 'something' : 'nothing' });
      return 0;
    });
  }

  async #increment(key: string): Promise<boolean> {
    const observation = this.#call(key, { kind: 'increment', ...this.#volatile(key) });
    return await this.#ask('increment', observation, async () => {
      const now = (await this.#client.increment?.(key)) ?? 0;
      const found = now === 1 ? ({ kind: 'nothing' } as const) : ({ kind: 'value', token: String(now - 1) } as const);
      this.#returned(observation, found);
      return 0;
    });
  }

  async #expire(key: string): Promise<boolean> {
    const { expire } = this.#client;
    if (expire === undefined) return await this.get(key);
    const expiresAtMs = this.#drawExpiry();
    const observation = this.#call(key, { kind: 'expire', expiresAtMs });
    return await this.#ask('expire', observation, async () => {
      const was = await expire(key, expiresAtMs);
      this.#returned(observation, { kind: was ? 'something' : 'nothing' });
      return 0;
    });
  }

  /** What is written to memory alone may vanish. */
  #volatile(key: string): { readonly isVolatile?: boolean } {
    if (this.#durability !== 'memory') return {};
    this.#world.volatileKeys.add(key);
    return { isVolatile: true };
  }

  #drawExpiry(): number {
    return Date.now() + 1_000 + this.#random.integer(60_000);
  }

  #call(key: string, call: Observation['call']): Observation {
    return this.#world.history.call(key, this.#name, call, Date.now());
  }

  #returned(observation: Observation, found: Observation['found']): void {
    this.#world.history.returned(observation, found, Date.now());
  }

  #found(observation: Observation, decoded: Decoded | undefined): void {
    switch (decoded?.kind) {
      case undefined:
        return this.#returned(observation, { kind: 'nothing' });
      case 'token':
        return this.#returned(observation, { kind: 'value', token: decoded.token });
      case 'short':
        return this.#world.history.void(observation, 'too short to tell');
      case 'wrong': {
        this.#world.history.void(observation, `WRONG: ${decoded.reason}`);
        const text = `${this.#name} (${this.#client.protocol}) reads ${observation.key}: ${decoded.reason}`;
        this.#world.problem({ kind: 'wrong-bytes', text });
      }
    }
  }

  /** Sends, notes how it went, and gives whether it was answered. `send` gives the bytes that were carried. */
  async #ask(kind: RequestKind, observation: Observation, send: () => Promise<number>): Promise<boolean> {
    const { history, elapsedMs, record } = this.#world;
    const startMs = elapsedMs();
    let [sizeBytes, code] = [0, 'ok'];
    try {
      sizeBytes = await send();
    } catch (thrown) {
      if (!(thrown instanceof RequestFailure)) throw thrown;
      code = thrown.code;
      if (!expectedCodes.includes(code)) {
        const text = `${this.#name} (${this.#client.protocol}), ${kind} of ${observation.key}: ${code}, ${thrown.message}`;
        this.#world.problem({ kind: 'answer', text });
      }
      if (thrown.isUnknown && observation.call.kind !== 'read')
        history.unknown(observation, `${code}, ${thrown.message}`);
      else history.void(observation, `${code}, ${thrown.message}`);
    }
    this.#isDoubtful = code !== 'ok';
    const { protocol } = this.#client;
    record({ ...{ startMs, endMs: elapsedMs(), kind, protocol, durability: this.#durability }, sizeBytes, code });
    return code === 'ok';
  }
}
