/** A machine with a disk that fails and forgets, and the journal of the proxy that runs on it. */
import {
  type DiskRequest,
  type Files,
  type StoreBody,
  silentLog,
  VirtualDisk,
  VirtualProcess,
  VirtualTime,
} from '@sion/components';
import { payloadOf, SeededRandom } from '@sion/workload';
import type { JournalLog, JournalRecord, NewRecord } from './journal-log.ts';
import type { JournalSettings } from './journal-settings.ts';
import { openJournal } from './open-journal.ts';

/** Small in everything, so that segments come and go. */
export const smallSettings: JournalSettings = {
  journalBytes: 64 * 1024,
  journalMaxRecords: 10_000,
  journalMaxAgeMs: 1_000_000,
  segmentBytes: 8192,
  inlineMaxBytes: 1024,
};

export class JournalWorld {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly disk: VirtualDisk;
  readonly settings: JournalSettings;
  /** What fails now, and how often. */
  failing: (request: DiskRequest) => boolean = () => false;
  /** Requests so far. */
  readonly requests = new Map<DiskRequest, number>();
  process: VirtualProcess;
  files: Files;
  records: readonly JournalRecord[] = [];
  #journal: JournalLog | undefined;
  #processes = 0;

  constructor(seed: number | string, settings: JournalSettings = smallSettings) {
    this.random = new SeededRandom(seed);
    this.settings = settings;
    this.disk = new VirtualDisk({
      requestMs: () => 0.1 + this.random.double(),
      fails: (request) => {
        this.requests.set(request, (this.requests.get(request) ?? 0) + 1);
        return this.failing(request);
      },
      keptBytes: (most) => this.random.integer(most + 1),
    });
    this.process = new VirtualProcess(this.time, 'first', 0);
    this.files = this.disk.of(this.process);
  }

  get journal(): JournalLog {
    if (this.#journal === undefined) throw new Error('the journal is not open');
    return this.#journal;
  }

  /** Lets time pass until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    if (!(await this.time.run(() => isOver))) throw new Error('it never settles');
    return await promise;
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.time.run(() => false, this.time.nowMs + ms);
  }

  async open(): Promise<readonly JournalRecord[]> {
    const { settings, process } = this;
    const opened = await this.settle(openJournal(this.files, { clock: process.clock, log: silentLog, settings }));
    this.#journal = opened.journal;
    this.records = opened.records;
    return opened.records;
  }

  /** The machine or the process alone dies; the next process is there, and has opened nothing yet. */
  die(what: 'machine' | 'process'): void {
    if (what === 'machine') this.disk.loseUnsynced(this.random);
    this.process.kill();
    this.#journal = undefined;
    this.#processes++;
    this.process = new VirtualProcess(this.time, `process ${this.#processes}`, 0);
    this.files = this.disk.of(this.process);
  }

  async reopen(what: 'machine' | 'process' = 'machine'): Promise<readonly JournalRecord[]> {
    this.die(what);
    return await this.open();
  }

  async append(record: NewRecord): Promise<JournalRecord> {
    return await this.settle(this.journal.append(record));
  }

  async read(record: JournalRecord): Promise<Uint8Array> {
    return await this.settle(bytesOf(this.journal.read(record)));
  }

  /** Bytes of each file that is there. */
  async sizes(): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    for (const name of await this.settle(this.files.list())) {
      sizes.set(name, (await this.settle(this.files.open(name)))?.sizeBytes ?? 0);
    }
    return sizes;
  }

  /** Replaces the file by what `change` makes of it, while nobody has it open. */
  async change(name: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
    const bytes = await this.settle(this.files.read(name));
    await this.settle(this.files.replace(name, change(Buffer.from(bytes ?? new Uint8Array()))));
  }
}

export async function bytesOf(body: StoreBody): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A put of the payload of this name and version. */
export function putOf(name: string, version: string, sizeBytes: number): NewRecord {
  const bytes = payloadOf(name, version, sizeBytes);
  const metadata = { version, contentType: 'text/plain', user: { a: 'b' } };
  return {
    ...{ name, version, base: { kind: 'absent' }, modifiedMs: 1000 },
    change: { kind: 'put', metadata, body: { kind: 'inline', bytes } },
  };
}

export function deleteOf(name: string, version: string): NewRecord {
  return { name, version, base: { kind: 'match', etag: '"e"' }, modifiedMs: 2000, change: { kind: 'delete' } };
}
