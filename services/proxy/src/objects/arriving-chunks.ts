/** The chunks of one fragment that is being read, for whoever wants them one after the other: each as soon as it is there. */
import { SionError } from '@sion/wire';
import type { FragmentBytes } from '../memory/fragment-read.ts';

export class ArrivingChunks {
  /** When the read is over. */
  readonly whole: Promise<FragmentBytes>;
  readonly #here = new Map<number, Uint8Array>();
  #awaited: { readonly index: number; readonly resolve: (chunk: Uint8Array) => void } | undefined;
  #isWhole = false;

  /** `read` is given what is to be told of each chunk that memory brings, in whatever order. */
  constructor(read: (arrive: (index: number, chunk: Uint8Array) => void) => Promise<FragmentBytes>) {
    this.whole = read((index, chunk) => this.#arrive(index, chunk));
    this.whole.then(
      () => {
        this.#isWhole = true;
      },
      () => {},
    );
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** A wanted chunk without padding, by index; one at a time. Rejects as the read does. */
  chunk(index: number): Promise<Uint8Array> {
    const here = this.#here.get(index);
    if (here !== undefined) return Promise.resolve(here);
    return new Promise((resolve, reject) => {
      this.#awaited = { index, resolve };
      this.whole.then(({ chunks }) => {
        const chunk = chunks[index];
        if (chunk === undefined) reject(new SionError('internal', 'a wanted chunk is missing after its read'));
        else resolve(chunk);
      }, reject);
    });
  }

  #arrive(index: number, chunk: Uint8Array): void {
    if (!this.#here.has(index)) this.#here.set(index, chunk);
    if (this.#awaited?.index === index) this.#awaited.resolve(chunk);
  }
}
