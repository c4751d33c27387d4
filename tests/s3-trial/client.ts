/** A client of a trial: asks one thing after the other, remembers what it was told, and looks at every byte. */

import type { S3Store } from '@sion/aws/s3-store';
import type { CurrentObject, Decision, Engine, NewBytes, ObjectInfo, ReadOutcome, StagedBytes } from '@sion/proxy';
import { asSionError } from '@sion/wire';
import { type FoundObject, type ObjectCall, payloadOf, SeededRandom } from '@sion/workload';
import type { History } from '../doubles/history.ts';

/** `k…` hold payloads, `c…` are counters. */
export const keys = ['k1', 'k2', 'c1'] as const;

/** One proxy's life: an engine with its own epoch and its own connections to the store. */
export interface Life {
  readonly engine: Engine;
  readonly store: S3Store;
  readonly lease: { held: boolean };
}

/** What a client sees of the trial it is part of. */
export interface TrialWorld {
  readonly seed: number;
  readonly history: History;
  /** That of today. */
  readonly life: Life;
  /** No faults any more. */
  readonly isCalm: boolean;
  /** Each time an operation has ended. */
  afterOperation(): Promise<void>;
  nextNumber(): number;
  problem(text: string): void;
}

/** The last is an upload in parts. */
const sizes = [0, 1, 500, 1001, 3000, 20_000, 20_000, 5 * 1024 * 1024 + 1];

/** The bytes of a token: of a counter its digits, otherwise the payload whose size the token tells. */
function bytesOf(key: string, token: string): Uint8Array {
  if (!token.includes(':')) return Buffer.from(token);
  return payloadOf(key, token, Number(token.slice(token.indexOf(':') + 1)));
}

function foundIn(info: ObjectInfo | undefined): FoundObject {
  if (info === undefined) return { kind: 'nothing' };
  return { kind: 'object', token: info.contentType ?? '', expiresAtMs: info.expiresAtMs };
}

export class TrialClient {
  readonly #trial: TrialWorld;
  readonly #name: string;
  readonly #random: SeededRandom;

  constructor(trial: TrialWorld, name: string) {
    this.#trial = trial;
    this.#name = name;
    this.#random = new SeededRandom(`${trial.seed} ${name}`);
  }

  async run(operations: number): Promise<void> {
    for (let count = 0; count < operations; count += 1) {
      const key = keys[this.#random.integer(keys.length)] ?? 'k1';
      await this.#act(this.#trial.life, key);
      await this.#trial.afterOperation();
    }
  }

  /** Without faults everything must work, and agree with what was seen before. */
  async useOnce(key: string): Promise<void> {
    const { life } = this.#trial;
    await this.#read(life, key);
    const call = key.startsWith('c') ? ({ kind: 'increment' } as const) : this.#drawWrite();
    await this.#mutate(life, key, call);
    await this.#read(life, key);
  }

  async #act(life: Life, key: string): Promise<void> {
    const choice = this.#random.integer(10);
    if (choice < 4) return await this.#read(life, key);
    if (choice === 4) return await this.#mutate(life, key, { kind: 'delete' });
    if (key.startsWith('c')) return await this.#mutate(life, key, { kind: 'increment' });
    return await this.#mutate(life, key, this.#drawWrite());
  }

  #drawWrite(): Extract<ObjectCall, { kind: 'write' }> {
    const token = `v${this.#trial.nextNumber()}:${sizes[this.#random.integer(sizes.length)] ?? 0}`;
    const onlyIf = ([undefined, undefined, 'absent', 'present'] as const)[this.#random.integer(4)];
    return { kind: 'write', token, ...(onlyIf === undefined ? {} : { onlyIf }) };
  }

  async #read(life: Life, key: string): Promise<void> {
    const observation = this.#trial.history.call(key, this.#name, { kind: 'read' });
    let outcome: ReadOutcome;
    try {
      outcome = await life.engine.read(key);
    } catch (thrown) {
      this.#trial.history.void(observation, String(thrown));
      return this.#expectCode(`reads ${key}`, thrown, ['unavailable', 'closed']);
    }
    this.#trial.history.returned(observation, outcome.kind === 'hit' ? foundIn(outcome.info) : { kind: 'nothing' });
    if (outcome.kind !== 'hit') return;
    const expected = bytesOf(key, outcome.info.contentType ?? '');
    const taken: Uint8Array[] = [];
    try {
      for await (const piece of outcome.body) taken.push(piece);
      if (Buffer.concat(taken).length !== expected.length) this.#trial.problem(`${key}: a body ended early`);
    } catch (thrown) {
      this.#expectCode(`reads the body of ${key}`, thrown, ['unavailable', 'closed']);
    }
    const got = Buffer.concat(taken);
    if (got.equals(expected.subarray(0, got.length))) return;
    this.#trial.problem(`${key}: the bytes of ${outcome.info.contentType} are wrong`);
  }

  async #mutate(life: Life, key: string, call: Extract<ObjectCall, { kind: 'write' | 'delete' | 'increment' }>) {
    const { history } = this.#trial;
    let staged: StagedBytes | undefined;
    if (call.kind === 'write' && this.#random.integer(2) === 0) {
      try {
        staged = await life.engine.stage(key, this.#source(bytesOf(key, call.token)));
      } catch (thrown) {
        return this.#expectCode(`stages ${call.token}`, thrown, ['unavailable', 'closed']);
      }
    }
    const observation = history.call(key, this.#name, call);
    try {
      const needs = call.kind === 'increment' ? ({ value: true, maxValueBytes: 30 } as const) : 'info';
      const decide = (current: CurrentObject | undefined) => decideOn(key, call, current, staged);
      history.returned(observation, await life.engine.mutate(key, { needs, decide }));
    } catch (thrown) {
      const { code } = asSionError(thrown);
      if (code === 'indeterminate') history.unknown(observation, String(thrown));
      else history.void(observation, String(thrown));
      this.#expectCode(`changes ${key}`, thrown, ['unavailable', 'closed', 'indeterminate']);
    }
    await staged?.discard();
  }

  #source(bytes: Uint8Array): NewBytes {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 300_000) yield bytes.slice(at, at + 300_000);
    }
    const size = this.#random.integer(2) === 0 ? {} : { sizeBytes: bytes.length };
    return { kind: 'stream', ...size, pieces: pieces() };
  }

  #expectCode(what: string, thrown: unknown, allowed: readonly string[]): void {
    const { code, message, stack } = asSionError(thrown);
    this.#trial.history.note(`${this.#name} ${what}: ${code}, ${message}`);
    // A busy machine may still be too slow for the store's short patience.
    const isExcused = !this.#trial.isCalm || message.includes('did not answer within');
    if (!allowed.includes(code) || !isExcused) this.#trial.problem(`${what}: ${code}, ${message} ${stack}`);
  }
}

function decideOn(
  key: string,
  call: Extract<ObjectCall, { kind: 'write' | 'delete' | 'increment' }>,
  current: CurrentObject | undefined,
  staged: StagedBytes | undefined,
): Decision<FoundObject> {
  const result = foundIn(current?.info);
  if (call.kind === 'delete') return current === undefined ? { kind: 'keep', result } : { kind: 'delete', result };
  if (call.kind === 'increment') {
    const token = String(Number(Buffer.from(current?.value ?? Buffer.from('0')).toString()) + 1);
    return { kind: 'write', bytes: Buffer.from(token), contentType: token, result };
  }
  if (call.onlyIf === 'absent' && current !== undefined) return { kind: 'keep', result };
  if (call.onlyIf === 'present' && current === undefined) return { kind: 'keep', result };
  return { kind: 'write', bytes: staged ?? bytesOf(key, call.token), contentType: call.token, result };
}
