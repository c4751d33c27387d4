/**
 * One body of the store for several readers. Pieces are taken from the store when the foremost reader wants the next one, and
 * are kept until the last reader has had them, within a bound. Nobody waits for anybody:
 *
 *     store ──► [ pieces kept: at most `mostBytes` ] ──► foremost reader
 *                 ▲ whoever begins while the first is kept   ▲ whoever is not too far behind
 *
 * | more than `mostBytes` would have to be kept | then                                                       |
 * |---------------------------------------------|------------------------------------------------------------|
 * | only for readers that may yet come          | none may come any more                                     |
 * | for the slowest reader                      | it goes on by itself, with a request for the rest          |
 *
 * The pieces are the same bytes for all: nobody may change them. All of them are of one version, as the store body is; the
 * rest that a slow reader asks for is of exactly that version, or the read is cut.
 */
import type { StoreBody } from '@sion/components';
import { SionError } from '@sion/wire';

/** A body that tells how many store requests it cost this reader. */
export interface CountedBody extends StoreBody {
  readonly storeRequests: number;
}

export interface JointBodyOptions {
  readonly body: StoreBody;
  readonly mostBytes: number;
  /** Readers that have been promised a place; each calls `join` or `renounce` once. */
  readonly expected: number;
  /** Nobody can come any more, and at most one reader is left: nothing needs to be kept. */
  readonly onLonely: () => void;
}

/** Asks for the bytes from `start` to the end, of the same version; rejects when that is not there any more. */
export type ReadRest = (start: number) => Promise<StoreBody>;

interface Reader {
  /** The piece that it wants next. */
  at: number;
  /** Bytes that it has had. */
  takenBytes: number;
  /** It is too far behind. */
  isCut: boolean;
  hasLeft: boolean;
  rest: StoreBody | undefined;
  requests: number;
}

export class JointBody {
  readonly #options: JointBodyOptions;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #readers = new Set<Reader>();
  readonly #pieces: Uint8Array[] = [];
  /** The number of the first piece that is kept. */
  #first = 0;
  #keptBytes = 0;
  #expected: number;
  #isOpen = true;
  #pulling: Promise<void> | undefined;
  #end: { readonly thrown?: unknown } | undefined;

  constructor(options: JointBodyOptions) {
    this.#options = options;
    this.#expected = options.expected;
    this.#source = options.body[Symbol.asyncIterator]();
  }

  /** True while whoever comes gets all of it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** One more reader will come, by `join` or `renounce`. Only while it is open. */
  expect(): void {
    this.#expected++;
  }

  /** The reader that was expected does not come. */
  renounce(): void {
    this.#expected--;
    this.#settle();
  }

  /** A reader that was expected; undefined when it comes too late. `isFirst`: the store request is on its account. */
  join(readRest: ReadRest, isFirst: boolean): CountedBody | undefined {
    this.#expected--;
    if (!this.#isOpen) {
      this.#settle();
      return undefined;
    }
    const reader: Reader = {
      at: 0,
      takenBytes: 0,
      isCut: false,
      hasLeft: false,
      rest: undefined,
      requests: Number(isFirst),
    };
    this.#readers.add(reader);
    return {
      get storeRequests() {
        return reader.requests;
      },
      cancel: () => this.#leave(reader),
      [Symbol.asyncIterator]: () => this.#read(reader, readRest),
    };
  }

  async *#read(reader: Reader, readRest: ReadRest): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (reader.hasLeft) throw new SionError('closed', 'the read was given up');
        if (reader.isCut) return yield* this.#readRest(reader, readRest);
        const piece = this.#pieces[reader.at - this.#first];
        if (piece !== undefined) {
          reader.at++;
          reader.takenBytes += piece.length;
          this.#trim();
          yield piece;
        } else if (this.#end !== undefined) {
          if ('thrown' in this.#end) throw this.#end.thrown;
          return;
        } else await this.#pull();
      }
    } finally {
      this.#leave(reader);
    }
  }

  async *#readRest(reader: Reader, readRest: ReadRest): AsyncGenerator<Uint8Array> {
    reader.requests++;
    const rest = await readRest(reader.takenBytes);
    reader.rest = rest;
    if (reader.hasLeft) rest.cancel();
    yield* rest;
  }

  /** The next piece, once for all who wait for it. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#source.next().then(
      (next) => {
        this.#pulling = undefined;
        if (next.done === true) this.#over({});
        else this.#keep(next.value);
      },
      (thrown: unknown) => {
        this.#pulling = undefined;
        this.#over({ thrown });
      },
    );
    return this.#pulling;
  }

  #keep(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#keptBytes += piece.length;
    if (this.#keptBytes <= this.#options.mostBytes) return;
    this.#close();
    this.#trim();
    while (this.#keptBytes > this.#options.mostBytes) {
      const slowest = this.#slowest();
      // The foremost wants this very piece.
      if (slowest === undefined || slowest.at >= this.#first + this.#pieces.length - 1) return;
      slowest.isCut = true;
      this.#readers.delete(slowest);
      this.#settle();
      this.#trim();
    }
  }

  /** Forgets what nobody wants any more. */
  #trim(): void {
    if (this.#isOpen) return;
    const end = this.#first + this.#pieces.length;
    const wanted = this.#slowest()?.at ?? end;
    for (const piece of this.#pieces.splice(0, wanted - this.#first)) this.#keptBytes -= piece.length;
    this.#first = wanted;
  }

  #slowest(): Reader | undefined {
    let slowest: Reader | undefined;
    for (const reader of this.#readers) if (slowest === undefined || reader.at < slowest.at) slowest = reader;
    return slowest;
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#settle();
  }

  #over(end: { readonly thrown?: unknown }): void {
    this.#end = end;
    if ('thrown' in end) this.#close();
  }

  #leave(reader: Reader): void {
    if (reader.hasLeft) return;
    reader.hasLeft = true;
    reader.rest?.cancel();
    this.#readers.delete(reader);
    this.#trim();
    this.#settle();
  }

  /** What follows from fewer readers. */
  #settle(): void {
    const left = this.#readers.size + this.#expected;
    if (left === 0) {
      this.#isOpen = false;
      this.#pieces.length = 0;
      this.#keptBytes = 0;
      if (this.#end === undefined) this.#options.body.cancel();
    }
    if (!this.#isOpen && left <= 1) this.#options.onLonely();
  }
}
