/**
 * The disk of a trial, which outlives its proxies: what was appended is durable once it is synced, and what was not is left in
 * part when the machine dies. A process that died asks nothing more, and what it has asked for does not happen.
 */
import { type Clock, delay, type Files, type Random, type WritableFile } from '@sion/components';
import { SionError } from '@sion/wire';

export interface DiskUser {
  readonly clock: Clock;
  isDead: boolean;
  /** A start takes no time. */
  isStarting: boolean;
}

export interface DiskWeather {
  requestMs(): number;
  /** Of an append to this file, or a sync. */
  fails(name: string): boolean;
}

interface DiskFile {
  bytes: Buffer;
  durableBytes: number;
  isNameDurable: boolean;
}

export class TrialDisk {
  readonly #files = new Map<string, DiskFile>();
  readonly #weather: DiskWeather;

  constructor(weather: DiskWeather) {
    this.#weather = weather;
  }

  of(user: DiskUser): Files {
    const ask = <T>(serve: () => T) => this.#ask(user, serve);
    return {
      read: (name) => ask(() => this.#files.get(name) && new Uint8Array(this.#files.get(name)?.bytes ?? [])),
      replace: (name, bytes) => {
        const written = Buffer.from(bytes);
        return ask(() => void this.#files.set(name, durable(written)));
      },
      remove: (name) => ask(() => void this.#files.delete(name)),
      list: () => ask(() => [...this.#files.keys()].sort()),
      create: async (name) => {
        const file = await ask(() => this.#create(name));
        return this.#toWrite(file, (serve, spoil) => this.#ask(user, serve, { name, spoil }));
      },
      open: async (name) => {
        const file = await ask(() => this.#files.get(name));
        if (file === undefined) return undefined;
        return {
          sizeBytes: file.bytes.length,
          read: (start, end) => ask(() => new Uint8Array(file.bytes.subarray(start, end))),
          close: async () => {},
        };
      },
      rename: (from, to) =>
        ask(() => {
          const file = this.#files.get(from);
          if (file === undefined) throw new SionError('unavailable', `there is no file ${from}`);
          file.isNameDurable = true;
          this.#files.delete(from);
          this.#files.set(to, file);
        }),
    };
  }

  /** The machine dies. */
  loseUnsynced(random: Random): void {
    for (const [name, file] of [...this.#files]) {
      if (!file.isNameDurable && random.integer(2) === 0) this.#files.delete(name);
      const keptBytes = random.integer(file.bytes.length - file.durableBytes + 1);
      file.bytes = file.bytes.subarray(0, file.durableBytes + keptBytes);
      file.durableBytes = file.bytes.length;
      file.isNameDurable = true;
    }
  }

  #create(name: string): DiskFile {
    if (this.#files.has(name)) throw new SionError('invalid', `there is a file ${name}`);
    const file: DiskFile = { bytes: Buffer.alloc(0), durableBytes: 0, isNameDurable: false };
    this.#files.set(name, file);
    return file;
  }

  #toWrite(file: DiskFile, ask: (serve: () => void, spoil: () => void) => Promise<void>): WritableFile {
    let last: Promise<void> = Promise.resolve();
    let hasFailed = false;
    const inTurn = (serve: () => void, spoil: () => void) => {
      const done = last.then(() => {
        if (hasFailed) throw new SionError('unavailable', 'writing has failed before');
        return ask(serve, () => {
          hasFailed = true;
          spoil();
        });
      });
      last = done.catch(() => {});
      return done;
    };
    const append = (bytes: Uint8Array) => {
      file.bytes = Buffer.concat([file.bytes, bytes]);
    };
    return {
      get sizeBytes() {
        return file.bytes.length;
      },
      append: (parts) => {
        const bytes = Buffer.concat(parts);
        return inTurn(
          () => append(bytes),
          () => append(bytes.subarray(0, bytes.length >> 1)),
        );
      },
      sync: () =>
        inTurn(
          () => {
            file.durableBytes = file.bytes.length;
            file.isNameDurable = true;
          },
          () => {},
        ),
      close: () => last,
    };
  }

  async #ask<T>(user: DiskUser, serve: () => T, write?: { name: string; spoil: () => void }): Promise<T> {
    const ms = user.isStarting ? 0 : this.#weather.requestMs();
    if (ms > 0) await delay(user.clock, ms);
    if (user.isDead) return await forever;
    if (write !== undefined && !user.isStarting && this.#weather.fails(write.name)) {
      write.spoil();
      throw new SionError('unavailable', 'the disk failed');
    }
    return serve();
  }
}

const forever = new Promise<never>(() => {});

function durable(bytes: Buffer): DiskFile {
  return { bytes, durableBytes: bytes.length, isNameDurable: true };
}
