/**
 * A seeded trial of the journal under crashes and failing disks, against a model: of each name an opening tells what the
 * last change that is certain has left, or what a change left whose result nobody knows; never anything else.
 */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { SionError } from '@sion/wire';
import { payloadOf } from '@sion/workload';
import type { BlobWriter, JournalBody, JournalRecord, NewRecord } from './journal-log.ts';
import type { JournalSettings } from './journal-settings.ts';
import { JournalWorld, smallSettings } from './journal-world.test-data.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** Whose payload the bytes of a put are. */
interface Payload {
  readonly version: string;
  readonly sizeBytes: number;
}

/** What was appended, by its version. */
interface Appended {
  readonly record: NewRecord;
  readonly payload?: Payload;
}

/** Full most of the time. */
const tightSettings: JournalSettings = { ...smallSettings, journalBytes: 32 * 1024, segmentBytes: 4096 };

export class JournalTrial {
  readonly world: JournalWorld;
  /** Of each name, the versions that an opening may tell now; undefined: none. */
  readonly allowed = new Map<string, Set<string | undefined>>(names.map((name) => [name, new Set([undefined])]));
  readonly appended = new Map<string, Appended>();
  /** Of each name, what it has now, and is not retired. */
  readonly current = new Map<string, JournalRecord>();
  readonly superseded: JournalRecord[] = [];
  readonly underway = new Set<string>();
  counter = 0;
  readonly told = new Map<string, number>();

  constructor(seed: number) {
    this.world = new JournalWorld(seed, seed % 2 === 0 ? smallSettings : tightSettings);
  }

  get #random() {
    return this.world.random;
  }

  /** Rejects when the journal has done what the model forbids. */
  async run(steps: number): Promise<void> {
    await this.open();
    for (let step = 0; step < steps; step++) {
      const share = this.#random.integer(4) === 0 ? this.#random.double() ** 2 : 0;
      this.world.failing = () => this.#random.double() < share;
      await this.#step();
      this.#checkBounds();
    }
    await this.#checkEnd();
  }

  async #step(): Promise<void> {
    const calls = Array.from({ length: 1 + this.#random.integer(6) }, () => this.#call());
    const all = Promise.all(calls);
    switch (this.#random.integer(12)) {
      case 0:
        await this.world.pass(this.#random.double() * 5);
        return await this.#die(this.#random.integer(3) === 0 ? 'process' : 'machine');
      case 1:
        await this.world.settle(all);
        await this.world.settle(this.world.journal.close());
        return await this.#die('process');
      case 2:
        await this.world.settle(all);
        return await this.world.pass(1000);
      default:
        await this.world.settle(all);
        await this.#checkReads();
    }
  }

  async #die(what: 'machine' | 'process'): Promise<void> {
    this.world.die(what);
    this.underway.clear();
    await this.open();
  }

  async open(): Promise<void> {
    for (;;) {
      try {
        await this.world.open();
        break;
      } catch (error) {
        if (!(error instanceof SionError) || error.code !== 'unavailable') throw error;
        this.count('opening failed');
        if (this.#random.integer(2) === 0) this.world.die(this.#random.integer(2) === 0 ? 'machine' : 'process');
        if (this.#random.integer(3) === 0) this.world.failing = () => false;
      }
    }
    this.world.failing = () => false;
    const told = new Map(this.world.records.map((record) => [record.name, record]));
    deepStrictEqual(told.size, this.world.records.length);
    this.current.clear();
    this.superseded.length = 0;
    for (const name of names) {
      const record = told.get(name);
      const allowed = [...this.allowed.get(name)!];
      ok(allowed.includes(record?.version), `${name} is ${record?.version}, may be ${allowed.join(' or ')}`);
      this.allowed.set(name, new Set([record?.version]));
      if (record !== undefined) this.current.set(name, record);
      deepStrictEqual(this.world.journal.hasTrace(name), record !== undefined);
    }
    await this.#checkReads();
  }

  async #checkReads(): Promise<void> {
    for (const record of [...this.current.values(), ...this.superseded]) {
      const { record: made, payload } = this.appended.get(record.version)!;
      const { base, modifiedMs } = record;
      deepStrictEqual([record.name, base, modifiedMs], [made.name, made.base, made.modifiedMs]);
      deepStrictEqual(record.change.kind, made.change.kind);
      if (record.change.kind !== 'put' || payload === undefined) continue;
      const bytes = await this.world.read(record).catch((error: unknown) => {
        if (error instanceof SionError && error.code === 'unavailable') return undefined;
        throw error;
      });
      if (bytes === undefined) continue;
      const expected = payloadOf(record.name, payload.version, payload.sizeBytes);
      ok(Buffer.from(bytes).equals(expected), `${record.name} ${record.version} has other bytes`);
    }
  }

  /** One call on a name that no other call is about. Never rejects. */
  async #call(): Promise<void> {
    const name = names[this.#random.integer(names.length)]!;
    if (this.underway.has(name)) return;
    this.underway.add(name);
    const kind = this.#random.integer(10);
    if (kind === 0) await this.#forget(name);
    else if (kind <= 2) this.#retire(name);
    else await this.#append(name);
    this.underway.delete(name);
  }

  #retire(name: string): void {
    const record = this.current.get(name);
    if (record === undefined) return;
    this.world.journal.retire(record);
    this.world.journal.retire(record);
    this.current.delete(name);
    this.allowed.get(name)!.add(undefined);
    this.count('retired');
  }

  async #forget(name: string): Promise<void> {
    const allowed = this.allowed.get(name)!;
    const before = new Set(allowed);
    allowed.add(undefined);
    const code = await codeOf(this.world.journal.forget(name));
    this.count(`forget ${code}`);
    if (code === 'done') this.allowed.set(name, new Set([undefined]));
    else if (code !== 'indeterminate') this.allowed.set(name, before);
    const record = this.current.get(name);
    if (code !== 'done' || record === undefined) return;
    this.world.journal.retire(record);
    this.current.delete(name);
  }

  async #append(name: string): Promise<void> {
    const version = `1.${++this.counter}`;
    const made = await this.#make(name, version);
    if (made === undefined) return;
    const { record, payload, blob } = made;
    this.appended.set(version, { record, ...(payload === undefined ? {} : { payload }) });
    const allowed = this.allowed.get(name)!;
    allowed.add(version);
    const outcome = await this.world.journal.append(record).catch((error: unknown) => error);
    if (outcome instanceof SionError) {
      this.count(`append ${outcome.code}`);
      ok(['capacity', 'unavailable', 'indeterminate'].includes(outcome.code), outcome.message);
      if (outcome.code !== 'indeterminate') allowed.delete(version);
      await blob?.abort();
      return;
    }
    this.count(`append done ${record.change.kind}`);
    const kept = outcome as JournalRecord;
    const before = this.current.get(name);
    this.allowed.set(name, new Set([version]));
    this.current.set(name, kept);
    if (before === undefined) return;
    if (this.#random.integer(3) === 0) this.superseded.push(before);
    else this.world.journal.retire(before);
  }

  async #make(name: string, version: string): Promise<(Appended & { readonly blob?: BlobWriter }) | undefined> {
    const base = { kind: 'unknown' } as const;
    const rest = { name, version, base, modifiedMs: this.counter };
    const metadata = { version };
    const kind = this.#random.integer(8);
    if (kind === 0) return { record: { ...rest, change: { kind: 'delete' } } };
    if (kind === 1) return { record: { ...rest, change: { kind: 'metadata', metadata, of: '"e"' } } };
    const before = this.current.get(name);
    if (kind === 2 && before?.change.kind === 'put') {
      const body: JournalBody = { kind: 'reuse', record: before };
      const { payload } = this.appended.get(before.version)!;
      const record: NewRecord = { ...rest, change: { kind: 'put', metadata, body } };
      return payload === undefined ? { record } : { record, payload };
    }
    const sizeBytes = kind < 6 ? this.#random.integer(smallSettings.inlineMaxBytes + 1) : this.#random.integer(8000);
    const payload = { version, sizeBytes };
    const bytes = payloadOf(name, version, sizeBytes);
    if (kind < 6) {
      const body: JournalBody = { kind: 'inline', bytes };
      return { record: { ...rest, change: { kind: 'put', metadata, body } }, payload };
    }
    return await this.#makeBlob(rest, payload, bytes);
  }

  async #makeBlob(rest: Omit<NewRecord, 'change'>, payload: Payload, bytes: Uint8Array) {
    let blob: BlobWriter | undefined;
    try {
      blob = await this.world.journal.beginBlob(this.#random.integer(2) === 0 ? bytes.length : undefined);
      for (let at = 0; at < bytes.length; at += 3000) await blob.write(bytes.subarray(at, at + 3000));
      const body: JournalBody = { kind: 'blob', blob: await blob.finish() };
      const change = { kind: 'put', metadata: { version: rest.version }, body } as const;
      return { record: { ...rest, change }, payload, blob };
    } catch (error) {
      this.count('blob failed');
      ok(error instanceof SionError && ['capacity', 'unavailable'].includes(error.code));
      await blob?.abort();
      return undefined;
    }
  }

  #checkBounds(): void {
    const { depth } = this.world.journal;
    const { journalBytes, segmentBytes } = this.world.settings;
    ok(depth.bytes <= journalBytes, `${depth.bytes} bytes are live`);
    ok(depth.diskBytes <= 2 * journalBytes + 2 * segmentBytes, `${depth.diskBytes} bytes are on the disk`);
    deepStrictEqual(depth.records, this.current.size + this.superseded.length);
  }

  /** When all is retired, its files go. */
  async #checkEnd(): Promise<void> {
    this.world.failing = () => false;
    for (const record of [...this.current.values(), ...this.superseded]) this.world.journal.retire(record);
    await this.world.pass(5000);
    const { records, bytes } = this.world.journal.depth;
    deepStrictEqual([records, bytes], [0, 0]);
    const sizes = await this.world.sizes();
    deepStrictEqual(
      [...sizes.keys()].map((name) => name.replace(/\d+/, 'n')),
      ['journal-n.log'],
    );
    deepStrictEqual([this.world.journal.depth.diskBytes], [...sizes.values()]);
    deepStrictEqual(
      names.filter((name) => this.world.journal.hasTrace(name)),
      [],
    );
    deepStrictEqual(await this.world.reopen(), []);
  }

  count(kind: string): void {
    this.told.set(kind, (this.told.get(kind) ?? 0) + 1);
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (error instanceof SionError) return error.code;
    throw error;
  }
}
