/**
 * The clients of a trial: each asks one thing after the other, remembers what it was told, and looks at every byte. The
 * values name themselves: an object's content type is its token, its bytes follow from key and token.
 */
import { asSionError, type ErrorCode, SionError } from '@sion/wire';
import type { FoundObject, ObjectCall } from '@sion/workload';
import type { Observation } from '../../../../../tests/doubles/history.ts';
import type {
  CurrentObject,
  Durability,
  Mutation,
  ObjectInfo,
  RangeRequest,
  ReadOutcome,
  StagedBytes,
  WriteOptions,
} from '../objects.ts';
import { resolveRange } from '../requested-range.ts';
import { Crashed, type Life } from './life.test-data.ts';
import type { Trial } from './trial.test-data.ts';
import { bytesOf, decide, foundIn } from './values.test-data.ts';

/** Codes with which reads and writes may fail while there are faults. */
const readErrors: readonly ErrorCode[] = ['unavailable', 'closed'];
const writeErrors: readonly ErrorCode[] = ['unavailable', 'closed', 'indeterminate'];
/** What is over the limit of memory, or meets the journal's bound half-way, is refused. */
const boundedErrors: readonly ErrorCode[] = [...writeErrors, 'capacity'];

type Hit = Extract<ReadOutcome, { kind: 'hit' }>;

export class TrialClient {
  readonly #trial: Trial;
  readonly #name: string;
  #isCutAllowed = true;

  constructor(trial: Trial, name: string) {
    this.#trial = trial;
    this.#name = name;
  }

  async run(operations: number): Promise<void> {
    const { random, profile } = this.#trial;
    for (let count = 0; count < operations; count++) {
      await this.#trial.pause(random.integer(profile.pauseMs + 1));
      await this.#trial.opened();
      const key = profile.keys[random.integer(profile.keys.length)] ?? 'k1';
      await this.#trial.busyWith(async (life) => {
        try {
          await this.#act(life, key);
        } catch (thrown) {
          if (!(thrown instanceof Crashed)) throw thrown;
        }
      });
    }
  }

  /** Uses a key without faults: everything must work, and agree with all that was seen before. */
  async useOnce(key: string): Promise<void> {
    const { life } = this.#trial;
    await this.#info(life, key);
    // The first body may be cut, when memory has lost a part of what others have replaced in the store; the next is not.
    await this.#read(life, key, {});
    this.#isCutAllowed = false;
    await this.#read(life, key, {});
    await this.#info(life, key);
    await this.#list(life, key);
    const isCounter = key.startsWith('c');
    await this.#mutate(life, key, isCounter ? { kind: 'increment' } : { kind: 'write', token: this.#drawToken() });
    await this.#read(life, key, {});
  }

  async #act(life: Life, key: string): Promise<void> {
    const { random, profile } = this.#trial;
    const isCounter = key.startsWith('c');
    const choice = random.integer(24);
    if (choice >= 22) return await this.#list(life, random.integer(2) === 0 ? '' : key.slice(0, 1));
    if (choice === 21) return await this.#quietly(life, `warms ${key}`, life.engine.warm(key));
    if (choice === 20) return await this.#invalidate(life, key);
    if (choice < 5) return await this.#read(life, key, this.#drawRange());
    if (choice < 8) return await this.#info(life, key);
    if (choice < 10) return await this.#mutate(life, key, { kind: 'delete' });
    if (choice < 13 && profile.expiry) return await this.#mutate(life, key, { kind: 'expire', ...this.#drawExpiry() });
    if (isCounter && choice < 18) return await this.#mutate(life, key, { kind: 'increment' });
    if (choice === 19) return await this.#discarded(life, key);
    return await this.#mutate(life, key, this.#drawWrite(key, isCounter));
  }

  #drawWrite(key: string, isCounter: boolean): ObjectCall {
    const { random } = this.#trial;
    const seen = this.#trial.lastToken(key);
    const conditions = [
      undefined,
      undefined,
      'absent',
      'present',
      seen === undefined ? 'absent' : { token: seen },
    ] as const;
    const onlyIf = conditions[random.integer(conditions.length)];
    const token = isCounter ? String(random.integer(5) * 100) : this.#drawToken();
    return {
      ...{ kind: 'write', token },
      ...(random.integer(3) === 0 ? this.#drawExpiry() : {}),
      ...(onlyIf === undefined ? {} : { onlyIf }),
    };
  }

  #drawToken(): string {
    const { random } = this.#trial;
    const sizes = [0, 1, 20, 48, 49, 64, 65, 150, 192, 193, 384, 600, random.integer(700)];
    return `v${this.#trial.nextNumber()}:${sizes[random.integer(sizes.length)] ?? 0}`;
  }

  #drawExpiry(): { expiresAtMs?: number } {
    const { random, profile, clock } = this.#trial;
    if (!profile.expiry || random.integer(3) === 0) return {};
    return { expiresAtMs: clock.wallMs() + random.integer(profile.lifeMs) - 5 };
  }

  #drawRange(): { range?: RangeRequest } {
    const { random } = this.#trial;
    const start = random.integer(300);
    switch (random.integer(7)) {
      case 0:
        return { range: { start, end: start + 1 + random.integer(200) } };
      case 1:
        return { range: { start } };
      case 2:
        return { range: { suffix: 1 + random.integer(300) } };
      default:
        return {};
    }
  }

  async #info(life: Life, key: string): Promise<void> {
    const { history } = this.#trial;
    const observation = history.call(key, this.#name, { kind: 'read' });
    try {
      const info = await life.within(life.engine.info(key));
      history.returned(observation, foundIn(info));
      if (info !== undefined) this.#checkInfo(key, info);
    } catch (thrown) {
      this.#readFailed(observation, thrown);
    }
  }

  /** Each key of a listing is a read of its info; one that is not listed, of nothing. */
  async #list(life: Life, prefix: string): Promise<void> {
    const { history, profile, random } = this.#trial;
    const keys = profile.keys.filter((key) => key.startsWith(prefix));
    const observations = keys.map((key) => history.call(key, this.#name, { kind: 'read' }));
    const limit = 1 + random.integer(4);
    const found = new Map<string, ObjectInfo>();
    try {
      let after: string | undefined;
      do {
        const position = after === undefined ? {} : { after };
        const page = await life.within(life.engine.list({ prefix, limit, ...position }));
        for (const { key, info } of page.objects) {
          if (found.has(key)) this.#trial.problem(`${key} is listed twice`);
          found.set(key, info);
        }
        after = page.next;
      } while (after !== undefined);
    } catch (thrown) {
      for (const observation of observations) history.void(observation, String(thrown));
      if (thrown instanceof Crashed) throw thrown;
      return this.#trial.noteError(`${this.#name} lists ${prefix}`, thrown, this.#trial.isCalm ? [] : readErrors);
    }
    for (const observation of observations) {
      const info = found.get(observation.key);
      if (info !== undefined) this.#checkInfo(observation.key, info);
      // What has left the store behind the proxy's back is not listed, though memory may still answer it.
      if (info === undefined && this.#trial.mayVanish) history.void(observation, 'not listed');
      else history.returned(observation, foundIn(info));
    }
  }

  async #invalidate(life: Life, key: string): Promise<void> {
    const { engine } = life;
    const isOne = this.#trial.random.integer(2) === 0;
    await this.#quietly(life, `invalidates ${key}`, isOne ? engine.invalidate(key) : engine.invalidatePrefix('k'));
  }

  /** Something that tells nothing of objects. */
  async #quietly(life: Life, what: string, work: Promise<unknown>): Promise<void> {
    this.#trial.history.note(`${this.#name} ${what}`);
    try {
      await life.within(work);
    } catch (thrown) {
      if (thrown instanceof Crashed) throw thrown;
      this.#trial.noteError(`${this.#name} ${what}`, thrown, this.#trial.isCalm ? [] : readErrors);
    }
  }

  async #read(life: Life, key: string, options: { range?: RangeRequest }): Promise<void> {
    const { history, random } = this.#trial;
    const gone = new AbortController();
    if (!this.#trial.isCalm && random.integer(8) === 0) {
      this.#trial.later(random.integer(30), () => gone.abort(new SionError('closed', 'the client is gone')));
    }
    const observation = history.call(key, this.#name, { kind: 'read' });
    let outcome: ReadOutcome;
    try {
      const reading = life.engine.read(key, { ...options, signal: gone.signal });
      this.#trial.letGoAfterDeath(life, reading);
      outcome = await life.within(reading);
    } catch (thrown) {
      return this.#readFailed(observation, thrown);
    }
    history.returned(observation, outcome.kind === 'miss' ? { kind: 'nothing' } : foundIn(outcome.info));
    if (outcome.kind === 'miss') return;
    this.#checkInfo(key, outcome.info);
    const range = resolveRange(outcome.info.sizeBytes, options.range);
    if (outcome.kind === 'outside') {
      if (range !== undefined) this.#trial.problem(`${key}: a range inside the object was said to be outside`);
      return;
    }
    if (range?.start !== outcome.range.start || range.end !== outcome.range.end) {
      this.#trial.problem(`${key}: asked for ${JSON.stringify(options.range)}, got ${JSON.stringify(outcome.range)}`);
    }
    await life.within(this.#consume(key, outcome));
  }

  /** Takes the body in one of the ways in which fronts do, or leaves it in one. */
  async #consume(key: string, hit: Hit): Promise<void> {
    const { random } = this.#trial;
    const expected = bytesOf(key, hit.info.contentType ?? '').subarray(hit.range.start, hit.range.end);
    const taken: Uint8Array[] = [];
    const way = this.#trial.isCalm ? 0 : random.integer(8);
    const enough = way < 5 ? Number.POSITIVE_INFINITY : random.integer(3);
    try {
      if (way < 2) {
        taken.push(await hit.body.bytes());
      } else if (way < 7) {
        for await (const piece of hit.body) {
          taken.push(new Uint8Array(piece));
          hit.body.giveBack?.(piece);
          if (taken.length > enough) break;
          if (random.integer(2) === 0) await this.#trial.pause(random.integer(20));
        }
      } else {
        // As a front that writes by itself: it asks for pieces, then gives the body up, and asks no more.
        const pieces = hit.body[Symbol.asyncIterator]();
        for (let next = await pieces.next(); next.done !== true && taken.length < enough; next = await pieces.next()) {
          taken.push(next.value);
        }
        hit.body.cancel();
      }
      if (enough === Number.POSITIVE_INFINITY && Buffer.concat(taken).length !== expected.length) {
        this.#trial.problem(`${key}: a body of ${expected.length} bytes ended after ${Buffer.concat(taken).length}`);
      }
    } catch (thrown) {
      hit.body.cancel();
      this.#trial.noteError(`${this.#name} reads the body of ${key}`, thrown, this.#isCutAllowed ? readErrors : []);
    }
    const got = Buffer.concat(taken);
    if (!got.equals(expected.subarray(0, got.length))) {
      this.#trial.problem(`${key}: the bytes of ${hit.info.contentType}, from ${hit.range.start} on, are wrong`);
    }
  }

  /** Stages bytes and does not use them: kept whole, or broken off. */
  async #discarded(life: Life, key: string): Promise<void> {
    const bytes = bytesOf(key, this.#drawToken());
    const breaksAt = this.#trial.random.integer(2) === 0 ? this.#trial.random.integer(bytes.length + 1) : undefined;
    try {
      const staged = await this.#stage(life, key, bytes, this.#drawDurability(), breaksAt);
      await this.#trial.pause(this.#trial.random.integer(10));
      await life.within(staged.discard());
    } catch (thrown) {
      if (thrown instanceof Crashed) throw thrown;
      this.#trial.noteError(`${this.#name} stages for ${key}`, thrown, [
        'unavailable',
        'closed',
        'invalid',
        'capacity',
      ]);
    }
  }

  #drawDurability(): Durability {
    const { random, profile, isCalm } = this.#trial;
    return (isCalm ? undefined : profile.durabilities[random.integer(profile.durabilities.length)]) ?? 'store';
  }

  async #stage(
    life: Life,
    key: string,
    bytes: Uint8Array,
    durability: Durability,
    breaksAt?: number,
  ): Promise<StagedBytes> {
    const { random } = this.#trial;
    const place = durability === 'memory' || random.integer(5) > 0;
    const pause = (ms: number) => this.#trial.pause(ms);
    const options: WriteOptions = { place, durability };
    if (random.integer(4) === 0 && breaksAt === undefined) {
      return await life.within(life.engine.stage(key, { kind: 'bytes', bytes }, options));
    }
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + random.integer(200));
        if (breaksAt !== undefined && end > breaksAt) throw new SionError('invalid', 'the client broke off');
        yield bytes.slice(at, end);
        at = end;
        if (random.integer(3) === 0) await pause(random.integer(8));
      }
      if (breaksAt !== undefined) throw new SionError('invalid', 'the client broke off');
    }
    const size = random.integer(3) === 0 ? {} : { sizeBytes: bytes.length };
    return await life.within(life.engine.stage(key, { kind: 'stream', ...size, pieces: pieces() }, options));
  }

  async #mutate(life: Life, key: string, asked: ObjectCall): Promise<void> {
    const { random, history } = this.#trial;
    const durability = this.#drawDurability();
    const isVolatile = durability === 'memory' && (asked.kind === 'write' || asked.kind === 'increment');
    const call = isVolatile ? { ...asked, isVolatile } : asked;
    let staged: StagedBytes | undefined;
    if (call.kind === 'write' && random.integer(2) === 0) {
      try {
        staged = await this.#stage(life, key, bytesOf(key, call.token), durability);
      } catch (thrown) {
        if (thrown instanceof Crashed) throw thrown;
        const allowed: readonly ErrorCode[] = [
          'unavailable',
          'closed',
          ...(durability === 'store' ? [] : ['capacity' as const]),
        ];
        return this.#trial.noteError(`${this.#name} stages ${call.token}`, thrown, allowed);
      }
    }
    const observation = history.call(key, this.#name, call);
    try {
      const mutation = this.#mutationOf(key, call, staged);
      const place = isVolatile || random.integer(6) > 0;
      const found = await life.within(life.engine.mutate(key, mutation, { place, durability }));
      history.returned(observation, found);
    } catch (thrown) {
      if (thrown instanceof Crashed) {
        history.unknown(observation, 'the proxy died');
        throw thrown;
      }
      this.#mutationFailed(observation, thrown);
    }
    if (staged !== undefined) await life.within(staged.discard());
  }

  #mutationOf(key: string, call: ObjectCall, staged: StagedBytes | undefined): Mutation<FoundObject | undefined> {
    const { random } = this.#trial;
    const isPlain = call.kind === 'write' && call.onlyIf === undefined;
    const wantsValue = call.kind === 'increment' || random.integer(5) === 0;
    const maxValueBytes = call.kind === 'increment' ? 30 : ([30, 300, 1000][random.integer(3)] ?? 30);
    const needs: Mutation<unknown>['needs'] = wantsValue
      ? { value: true, maxValueBytes }
      : isPlain && random.integer(2) === 0
        ? 'nothing'
        : 'info';
    return {
      needs,
      decide: (current) => {
        if (wantsValue && current !== undefined) this.#checkValue(key, current, maxValueBytes);
        return decide(key, call, needs === 'nothing' ? undefined : foundIn(current?.info), current, staged);
      },
    };
  }

  #checkValue(key: string, { info, value }: CurrentObject, maxValueBytes: number): void {
    this.#checkInfo(key, info);
    if (value === undefined) {
      if (info.sizeBytes <= maxValueBytes) this.#trial.problem(`${key}: a mutation was not given the value it needs`);
      return;
    }
    if (Buffer.compare(value, bytesOf(key, info.contentType ?? '')) === 0) return;
    this.#trial.problem(`${key}: a mutation was given wrong bytes for ${info.contentType}`);
  }

  #checkInfo(key: string, info: ObjectInfo): void {
    if (info.contentType === undefined) this.#trial.problem(`${key}: an object without its token`);
    const size = bytesOf(key, info.contentType ?? '').length;
    if (info.sizeBytes !== size)
      this.#trial.problem(`${key}: ${info.contentType} is said to have ${info.sizeBytes} bytes`);
  }

  #readFailed(observation: Observation, thrown: unknown): void {
    this.#trial.history.void(observation, String(thrown));
    if (thrown instanceof Crashed) throw thrown;
    this.#trial.noteError(`${this.#name} reads ${observation.key}`, thrown, this.#trial.isCalm ? [] : readErrors);
  }

  #mutationFailed(observation: Observation, thrown: unknown): void {
    const { code } = asSionError(thrown);
    if (code === 'indeterminate' || code === 'internal') this.#trial.history.unknown(observation, String(thrown));
    else this.#trial.history.void(observation, String(thrown));
    const isBounded = this.#trial.profile.durabilities.length > 1 || this.#trial.profile.journalMaxAgeMs !== undefined;
    const allowed = this.#trial.isCalm ? [] : isBounded ? boundedErrors : writeErrors;
    this.#trial.noteError(`${this.#name} changes ${observation.key}`, thrown, allowed);
  }
}
