/**
 * Clients of a simulated world: each asks one thing after the other, of keys of which some are asked for far more often
 * than others, remembers what it was told, and looks at every byte. Values name themselves: an object's content type is
 * its token, its bytes follow from key and token.
 */
import type { Durability, NewBytes, ObjectInfo, ReadOutcome, Service, StagedBytes } from '@sion/proxy';
import { asSionError, type ErrorCode, SionError } from '@sion/wire';
import type { FoundObject, ObjectCall, SeededRandom } from '@sion/workload';
import type { Observation } from '../doubles/history.ts';
import { checkBounds } from './bounds.ts';
import { bytesOf, Demand } from './demand.ts';
import { foundIn, mutationOf } from './mutations.ts';
import { Crashed, type ProxyLife } from './proxy-life.ts';
import type { World } from './world.ts';

const readErrors: ReadonlySet<ErrorCode> = new Set(['unavailable', 'closed']);
const writeErrors: ReadonlySet<ErrorCode> = new Set(['unavailable', 'closed', 'indeterminate']);

/** Every call is answered by then, unless its proxy was paused or died. */
const deadlineMs = 60_000;

interface Reached {
  readonly life: ProxyLife;
  readonly service: Service;
}

export class SimulatedClient {
  readonly #world: World;
  readonly #name: string;
  readonly #demand: Demand;
  readonly #random: SeededRandom;
  #isCalm = false;

  constructor(world: World, name: string, keys: readonly string[]) {
    this.#world = world;
    this.#name = name;
    this.#demand = new Demand(world, name, keys);
    this.#random = this.#demand.random;
  }

  async run(operations: number, pauseMs: number): Promise<void> {
    for (let count = 0; count < operations; count++) {
      // Most come in bursts, in which clients meet each other on the same keys.
      await this.#world.sleep(this.#random.integer(this.#random.integer(3) > 0 ? 50 : 6 * pauseMs));
      const reached = await this.#reach();
      await this.#watched(reached, () => this.#act(reached, this.#demand.drawKey()));
    }
  }

  /** Uses a key without faults: everything must work, and agree with all that was seen before. */
  async useOnce(key: string): Promise<void> {
    const reached = await this.#world.reach();
    // The first body may be cut, when memory has lost a part of what was replaced in the store meanwhile.
    await this.#read(reached, key);
    this.#isCalm = true;
    await this.#read(reached, key);
    await this.#mutate(
      reached,
      key,
      key.startsWith('c') ? { kind: 'increment' } : { kind: 'write', token: this.#demand.drawToken() },
    );
    await this.#read(reached, key);
    await this.#info(reached, key);
  }

  /** Now and then a client is still connected to a proxy that was deposed. */
  async #reach(): Promise<Reached> {
    const { elder } = this.#world;
    const service = elder?.service;
    if (elder !== undefined && service !== undefined && this.#random.integer(3) === 0) return { life: elder, service };
    return await this.#world.reach();
  }

  async #watched(reached: Reached, act: () => Promise<void>): Promise<void> {
    const { time } = this.#world;
    const begunMs = time.nowMs;
    const late = time.after(deadlineMs, () => {
      if (reached.life.disturbedMs >= begunMs) return;
      this.#world.problem(`${this.#name}: a call of ${begunMs.toFixed(0)} ms has no answer after ${deadlineMs} ms`);
    });
    reached.life.calls++;
    const before = this.#world.disturbance;
    this.#world.noteCall();
    try {
      await act();
    } catch (thrown) {
      if (!(thrown instanceof Crashed)) throw thrown;
    } finally {
      reached.life.calls--;
      this.#world.tally.countCall(before, this.#world.disturbance, time.nowMs - begunMs);
      checkBounds(this.#world);
      late.cancelled = true;
    }
  }

  async #act(reached: Reached, key: string): Promise<void> {
    const choice = this.#random.integer(20);
    // What a deposed proxy believes is soon out of date, and costs it nothing to tell.
    if (reached.life === this.#world.elder && choice < 15) return await this.#info(reached, key);
    if (choice < 8) return await this.#read(reached, key);
    if (choice < 10) return await this.#info(reached, key);
    if (choice < 11) return await this.#mutate(reached, key, { kind: 'delete' });
    if (choice < 13)
      return await this.#mutate(reached, key, {
        kind: 'expire',
        ...this.#demand.drawExpiry(reached.service.engine.nowMs()),
      });
    if (choice < 14) return await this.#breakOff(reached, key);
    if (key.startsWith('c')) return await this.#mutate(reached, key, { kind: 'increment' });
    return await this.#mutate(reached, key, this.#demand.drawWrite(key, reached.service.engine.nowMs()));
  }

  async #info(reached: Reached, key: string): Promise<void> {
    const observation = this.#call(reached, key, { kind: 'read' });
    try {
      await this.#arrive(reached);
      const info = await reached.life.within(reached.service.engine.info(key));
      this.#returned(reached, observation, foundIn(info));
      if (info !== undefined) this.#checkInfo(key, info);
    } catch (thrown) {
      this.#failed(observation, thrown, readErrors);
    }
  }

  async #read(reached: Reached, key: string): Promise<void> {
    const { life, service } = reached;
    const gone = new AbortController();
    if (!this.#isCalm && this.#random.integer(12) === 0) {
      life.process.soon(this.#random.integer(50), () => gone.abort(new SionError('closed', 'the client is gone')));
    }
    const observation = this.#call(reached, key, { kind: 'read' });
    let outcome: ReadOutcome;
    try {
      await this.#arrive(reached);
      outcome = await life.within(service.engine.read(key, { signal: gone.signal }));
    } catch (thrown) {
      return this.#failed(observation, thrown, readErrors);
    }
    this.#returned(reached, observation, outcome.kind === 'miss' ? { kind: 'nothing' } : foundIn(outcome.info));
    if (outcome.kind !== 'hit') return;
    this.#checkInfo(key, outcome.info);
    await life.within(this.#consume(key, outcome));
  }

  async #consume(key: string, { info, body }: Extract<ReadOutcome, { kind: 'hit' }>): Promise<void> {
    const expected = bytesOf(key, info.contentType ?? '');
    const enough = !this.#isCalm && this.#random.integer(10) === 0 ? this.#random.integer(3) : Number.POSITIVE_INFINITY;
    const taken: Uint8Array[] = [];
    try {
      for await (const piece of body) {
        taken.push(Uint8Array.from(piece));
        body.giveBack?.(piece);
        if (taken.length > enough) break;
      }
      if (enough === Number.POSITIVE_INFINITY && Buffer.concat(taken).length !== expected.length) {
        this.#world.problem(`${key}: a body of ${expected.length} bytes ended after ${Buffer.concat(taken).length}`);
      }
    } catch (thrown) {
      body.cancel();
      this.#noteError(`reads the body of ${key}`, thrown, this.#isCalm ? new Set() : readErrors);
    }
    this.#world.countRead(body.trace.source);
    const got = Buffer.concat(taken);
    if (!got.equals(expected.subarray(0, got.length))) {
      this.#world.problem(`${key}: the bytes of ${info.contentType} are wrong`);
    }
  }

  /** Stages bytes and breaks off, or thinks better of it. */
  async #breakOff(reached: Reached, key: string): Promise<void> {
    const bytes = bytesOf(key, this.#demand.drawToken());
    try {
      const breaksAt = this.#random.integer(2) === 0 ? this.#random.integer(bytes.length + 1) : undefined;
      const durability = this.#demand.drawDurability();
      const staged = await this.#stage(reached, key, bytes, {
        durability,
        ...(breaksAt === undefined ? {} : { breaksAt }),
      });
      await reached.life.within(staged.discard());
    } catch (thrown) {
      if (thrown instanceof Crashed) throw thrown;
      this.#noteError(`stages for ${key}`, thrown, new Set(['unavailable', 'closed', 'invalid', 'capacity']));
    }
  }

  #stage(
    { life, service }: Reached,
    key: string,
    bytes: Uint8Array,
    { durability, breaksAt }: { readonly durability: Durability; readonly breaksAt?: number },
  ): Promise<StagedBytes> {
    const [random, world] = [this.#random, this.#world];
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + random.integer(16_384));
        if (breaksAt !== undefined && end > breaksAt) break;
        yield bytes.slice(at, end);
        at = end;
        await life.process.answer(world.sleep(random.integer(20)));
      }
      if (breaksAt !== undefined) throw new SionError('invalid', 'the client broke off');
    }
    const size = random.integer(3) === 0 ? {} : { sizeBytes: bytes.length };
    const given: NewBytes = { kind: 'stream', ...size, pieces: pieces() };
    const place = random.integer(8) > 0 || durability === 'memory';
    return this.#arrive({ life, service }).then(() =>
      life.within(service.engine.stage(key, given, { place, durability })),
    );
  }

  async #mutate(reached: Reached, key: string, wanted: ObjectCall): Promise<void> {
    const durability = this.#isCalm ? 'store' : this.#demand.drawDurability();
    const call = asDurable(wanted, durability);
    let staged: StagedBytes | undefined;
    if (call.kind === 'write' && this.#random.integer(2) === 0) {
      try {
        staged = await this.#stage(reached, key, bytesOf(key, call.token), { durability });
      } catch (thrown) {
        if (thrown instanceof Crashed) throw thrown;
        return this.#noteError(
          `stages ${call.token}`,
          thrown,
          this.#isCalm ? new Set() : errorsOf(durability, readErrors),
        );
      }
    }
    const observation = this.#call(reached, key, call, durability);
    try {
      await this.#arrive(reached);
      const mutation = mutationOf(key, call, staged);
      const mutated = reached.service.engine.mutate(key, mutation, { durability });
      this.#returned(reached, observation, await reached.life.within(mutated));
      if (durability === 'journal') this.#world.noteJournaled(reached.life);
    } catch (thrown) {
      this.#failed(observation, thrown, errorsOf(durability, writeErrors));
    }
    if (staged !== undefined) await reached.life.within(staged.discard());
  }

  /** The request reaches the proxy: of a paused one, when it goes on. */
  #arrive({ life }: Reached): Promise<void> {
    return life.within(life.process.answer(this.#world.sleep(this.#random.integer(3))));
  }

  #call({ service }: Reached, key: string, call: ObjectCall, durability: Durability = 'store'): Observation {
    const who = durability === 'store' ? this.#name : `${this.#name} (${durability})`;
    return this.#world.history.call(key, who, call, service.engine.nowMs());
  }

  #returned({ service }: Reached, observation: Observation, found: FoundObject | undefined): void {
    this.#world.history.returned(observation, found, service.engine.nowMs());
  }

  #failed(observation: Observation, thrown: unknown, allowed: ReadonlySet<ErrorCode>): void {
    const { history } = this.#world;
    const isRead = observation.call.kind === 'read';
    const isUnknown = thrown instanceof Crashed || asSionError(thrown).code === 'indeterminate';
    if (isUnknown && !isRead) history.unknown(observation, String(thrown));
    else history.void(observation, String(thrown));
    if (thrown instanceof Crashed) throw thrown;
    this.#noteError(`${observation.call.kind} of ${observation.key}`, thrown, this.#isCalm ? new Set() : allowed);
  }

  #checkInfo(key: string, info: ObjectInfo): void {
    const { contentType, sizeBytes } = info;
    if (contentType === undefined) return this.#world.problem(`${key}: an object without its token`);
    const expected = bytesOf(key, contentType).length;
    if (sizeBytes !== expected) this.#world.problem(`${key}: ${contentType} is said to have ${sizeBytes} bytes`);
  }

  #noteError(what: string, thrown: unknown, allowed: ReadonlySet<ErrorCode>): void {
    const { code, message, stack } = asSionError(thrown);
    this.#world.history.note(`${this.#name} ${what}: ${code}, ${message}`);
    if (!allowed.has(code)) this.#world.problem(`${this.#name} ${what}: ${code}, ${message} ${stack ?? ''}`);
  }
}

/** In memory alone there may be no room. */
function errorsOf(durability: Durability, otherwise: ReadonlySet<ErrorCode>): ReadonlySet<ErrorCode> {
  return durability === 'memory' ? new Set([...otherwise, 'capacity']) : otherwise;
}

function asDurable(call: ObjectCall, durability: Durability): ObjectCall {
  const isWrite = call.kind === 'write' || call.kind === 'increment';
  return isWrite && durability === 'memory' ? { ...call, isVolatile: true } : call;
}
