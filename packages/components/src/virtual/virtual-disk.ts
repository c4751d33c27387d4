/**
 * A disk of a simulated world: the small private files of a part, which outlive the processes that write them. A replaced
 * file is wholly the old or wholly the new one, as the contract of `Files` has it; what is asked takes time, and is done
 * even when who asked has died meanwhile.
 */
import { SionError } from '@sion/wire';
import type { Files } from '../files.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What the disk does, drawn anew each time. */
export interface DiskWeather {
  requestMs(): number;
  /** True when it fails, and nothing is changed. */
  fails(): boolean;
}

export class VirtualDisk {
  readonly #weather: DiskWeather;
  readonly #files = new Map<string, Uint8Array>();

  constructor(weather: DiskWeather) {
    this.#weather = weather;
  }

  /** The disk as one process sees it. */
  of(process: VirtualProcess): Files {
    return {
      read: (name) => this.#ask(process, () => this.#files.get(name)?.slice()),
      replace: (name, bytes) => {
        const written = new Uint8Array(bytes);
        return this.#ask(process, () => void this.#files.set(name, written));
      },
      remove: (name) => this.#ask(process, () => void this.#files.delete(name)),
    };
  }

  #ask<T>(process: VirtualProcess, serve: () => T): Promise<T> {
    const weather = this.#weather;
    return new Promise((resolve, reject) => {
      process.time.after(weather.requestMs(), () => {
        if (weather.fails()) {
          return process.soon(0, () => reject(new SionError('unavailable', 'the disk failed: EIO')));
        }
        const served = serve();
        process.soon(0, () => resolve(served));
      });
    });
  }
}
