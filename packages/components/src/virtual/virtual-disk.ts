/**
 * A disk of a simulated world: the private files of a part, which outlive the processes that write them. A replaced file
 * is wholly the old or wholly the new one, as the contract of `Files` has it; what is appended is durable only once it is
 * synced. What is asked takes time. When a process dies, the system still does what it had asked for; when the machine
 * dies ({@link VirtualDisk.loseUnsynced}), it does not, and what was not synced is left in part, torn, or not at all.
 */
import { asSionError, SionError } from '@sion/wire';
import type { Files, ReadableFile, WritableFile } from '../files.ts';
import type { Random } from '../random.ts';
import { VirtualFile } from './virtual-file.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What a process may ask of the disk. */
export type DiskRequest = 'read' | 'replace' | 'remove' | 'list' | 'create' | 'open' | 'rename' | 'append' | 'sync';

/** What the disk does, drawn anew each time. */
export interface DiskWeather {
  requestMs(): number;
  /**
   * True when it fails. Of a failed append some part may be there; what a failed sync was to force is durable or not, as a
   * crash will show; all else has changed nothing.
   */
  fails(request: DiskRequest): boolean;
  /** How many of the bytes that a failed append was given were written nonetheless: a whole number, 0 … `most`. */
  keptBytes(most: number): number;
}

/** A request that the disk has not served yet. */
interface Pending {
  readonly process: VirtualProcess;
  serve(): void;
}

export class VirtualDisk {
  readonly #weather: DiskWeather;
  #files = new Map<string, VirtualFile>();
  readonly #pending = new Set<Pending>();
  /** Those that were attached, in their order; the disk serves the last one that has asked for anything. */
  readonly #attached: VirtualProcess[] = [];
  #holder = 0;

  constructor(weather: DiskWeather) {
    this.#weather = weather;
  }

  /** The disk as one process sees it. */
  of(process: VirtualProcess): Files {
    process.whenDead(() => this.#servePending(process));
    const ask = <T>(request: DiskRequest, serve: () => T) => this.#ask(process, request, serve);
    return {
      read: (name) =>
        ask('read', () => {
          const file = this.#files.get(name);
          return file?.read(0, file.sizeBytes);
        }),
      replace: (name, bytes) => {
        const written = new Uint8Array(bytes);
        return ask('replace', () => void this.#files.set(name, VirtualFile.durable(written)));
      },
      remove: (name) => ask('remove', () => void this.#files.delete(name)),
      list: () => ask('list', () => [...this.#files.keys()].sort()),
      create: async (name) => {
        const file = await ask('create', () => this.#create(name));
        if (file === undefined) throw new SionError('invalid', `there is a file ${name}: EEXIST`);
        return this.#toWrite(process, name, file);
      },
      open: async (name) => {
        const file = await ask('open', () => this.#files.get(name));
        return file && this.#toRead(process, file);
      },
      rename: (from, to) => ask('rename', () => this.#rename(from, to)),
    };
  }

  /**
   * The disk as a volume that moves from machine to machine: with its first request this process takes it from those that
   * were attached before, whose requests fail from then on, and what they have not synced is left in part as in a crash.
   */
  attach(process: VirtualProcess, random: Random): Files {
    const place = this.#attached.push(process);
    const files = this.of(process);
    const take = () => {
      if (this.#holder >= place) return;
      this.#holder = place;
      const bereft = this.#attached.slice(0, place - 1).filter(({ state }) => state !== 'dead');
      if (bereft.length === 0) return;
      for (const pending of [...this.#pending]) pending.serve();
      this.loseUnsynced(random);
    };
    const taking =
      <A extends unknown[], R>(ask: (...args: A) => R) =>
      (...args: A) => {
        take();
        return ask(...args);
      };
    return {
      ...{ read: taking(files.read), replace: taking(files.replace), remove: taking(files.remove) },
      ...{
        list: taking(files.list),
        create: taking(files.create),
        open: taking(files.open),
        rename: taking(files.rename),
      },
    };
  }

  /**
   * The machine dies: requests that wait come to nothing, and of what was not synced an arbitrary part is left. To be
   * called before its processes are killed.
   */
  loseUnsynced(random: Random): void {
    this.#pending.clear();
    for (const [name, file] of [...this.#files]) {
      if (!file.isNameDurable && random.integer(2) === 0) this.#files.delete(name);
      else file.loseUnsynced(random);
    }
  }

  #create(name: string): VirtualFile | undefined {
    if (this.#files.has(name)) return undefined;
    const file = new VirtualFile();
    this.#files.set(name, file);
    return file;
  }

  #rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) throw new SionError('unavailable', `there is no file ${from}: ENOENT`);
    file.isNameDurable = true;
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  #ask<T>(process: VirtualProcess, request: DiskRequest, serve: () => T, spoil = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        process,
        serve: () => {
          this.#pending.delete(pending);
          try {
            if (this.#isBereft(process)) throw new SionError('unavailable', 'the disk is attached elsewhere: EIO');
            if (this.#weather.fails(request)) {
              spoil();
              throw new SionError('unavailable', `the disk failed to ${request}: EIO`);
            }
            const served = serve();
            process.soon(0, () => resolve(served));
          } catch (thrown) {
            process.soon(0, () => reject(asSionError(thrown)));
          }
        },
      };
      this.#pending.add(pending);
      process.time.after(this.#weather.requestMs(), () => {
        if (this.#pending.has(pending)) pending.serve();
      });
    });
  }

  #isBereft(process: VirtualProcess): boolean {
    const at = this.#attached.indexOf(process);
    return at !== -1 && at + 1 < this.#holder;
  }

  #servePending(process: VirtualProcess): void {
    for (const pending of [...this.#pending]) if (pending.process === process) pending.serve();
  }

  #toWrite(process: VirtualProcess, name: string, file: VirtualFile): WritableFile {
    let state: 'open' | 'failed' | 'closed' = 'open';
    let sizeBytes = 0;
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = (request: DiskRequest, serve: () => void, spoil?: () => void): Promise<void> => {
      if (state === 'closed') throw new Error(`${name} is closed.`);
      const done = last.then(async () => {
        if (state === 'failed') throw new SionError('unavailable', `writing ${name} has failed before`);
        await this.#ask(process, request, serve, spoil).catch((thrown: unknown) => {
          if (state === 'open') state = 'failed';
          throw thrown;
        });
      });
      last = done.catch(() => {});
      return done;
    };
    return {
      get sizeBytes() {
        return sizeBytes;
      },
      append: async (parts) => {
        const bytes = Buffer.concat(parts);
        const spoil = () => file.append(bytes.subarray(0, this.#weather.keptBytes(bytes.byteLength)));
        await inTurn('append', () => file.append(bytes), spoil);
        sizeBytes += bytes.byteLength;
      },
      sync: () => inTurn('sync', () => file.sync()),
      close: async () => {
        state = 'closed';
        await last;
      },
    };
  }

  #toRead(process: VirtualProcess, file: VirtualFile): ReadableFile {
    const { sizeBytes } = file;
    return {
      sizeBytes,
      read: (start, end) => this.#ask(process, 'read', () => file.read(start, end)),
      close: async () => {},
    };
  }
}
