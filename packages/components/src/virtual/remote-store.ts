/**
 * A store at the far end of a network, as one process of a simulated world sees it: requests take time, are refused, lose
 * their replies, and land late, after later ones. What is asked is asked of the real contract of the store behind it.
 */
import { asSionError, SionError } from '@sion/wire';
import type {
  DeleteOutcome,
  GetOptions,
  GetOutcome,
  ListOptions,
  ListPage,
  Store,
  StoreBody,
  StoredMetadata,
  StoredObject,
  Upload,
  WriteCondition,
  WriteOutcome,
} from '../store.ts';
import type { VirtualStore, VirtualStoreRequest } from './memory-store.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What is asked of a store far away. */
export type RemoteStoreRequest = VirtualStoreRequest | 'abort';

/** What becomes of a request. */
export type StoreFate =
  | 'served'
  /** An error of the service; nothing has happened. */
  | 'refused'
  /** It is done, and nobody hears of it in time. */
  | 'lost-reply'
  /** It is done long after everybody has given it up. */
  | 'late';

/** What the store and the way to it do, drawn anew each time. */
export interface StoreWeather {
  /** One way. */
  transitMs(): number;
  fate(request: RemoteStoreRequest, name: string): StoreFate;
  /** When a request without a reply is given up. */
  timeoutMs(): number;
  /** How late a late one is done. */
  lateMs(): number;
  /** True when a body breaks off before its next piece. */
  breaksOff(): boolean;
  /** True when a bit of the next piece of a body is another one than was stored. */
  corrupts(): boolean;
}

const writes: ReadonlySet<RemoteStoreRequest> = new Set(['put', 'commit', 'metadata', 'delete']);

export class RemoteStore implements Store {
  readonly #store: VirtualStore;
  readonly #process: VirtualProcess;
  readonly #weather: StoreWeather;
  readonly #uploads = new Set<Upload>();
  /** Requests of this process that are not answered yet. */
  underWay = 0;

  constructor(store: VirtualStore, process: VirtualProcess, weather: StoreWeather) {
    this.#store = store;
    this.#process = process;
    this.#weather = weather;
  }

  claim(): Promise<void> {
    return this.#process.answer(this.#store.claim());
  }

  async clearLeftovers(): Promise<void> {
    await this.#ask('list', '', async () => this.#store.clearUploads(this.#uploads));
  }

  close(): Promise<void> {
    return this.#process.answer(Promise.resolve());
  }

  head(name: string): Promise<StoredObject | undefined> {
    return this.#ask('head', name, () => this.#store.head(name));
  }

  async get(name: string, options: GetOptions = {}): Promise<GetOutcome> {
    const outcome = await this.#ask('get', name, () => this.#store.get(name, options));
    return outcome.kind === 'hit' ? { ...outcome, body: this.#bodyOf(outcome.body) } : outcome;
  }

  put(name: string, bytes: Uint8Array, metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    const sent = new Uint8Array(bytes);
    return this.#ask('put', name, () => this.#store.put(name, sent, metadata, condition));
  }

  async beginUpload(name: string): Promise<Upload> {
    const upload = await this.#ask('upload', name, async () => {
      const begun = await this.#store.beginUpload(name);
      this.#uploads.add(begun);
      return begun;
    });
    let onTheWay = 0;
    return {
      write: (bytes) => {
        const sent = new Uint8Array(bytes);
        return this.#ask('upload', name, () => upload.write(sent));
      },
      commit: (metadata, condition) => {
        onTheWay++;
        const committed = this.#ask('commit', name, () => {
          onTheWay--;
          return upload.commit(metadata, condition);
        });
        return committed.catch((thrown: unknown) => {
          if (asSionError(thrown).code === 'unavailable') onTheWay--;
          throw thrown;
        });
      },
      abort: async () => {
        // As over S3: an abort that fails leaves the upload to who clears up later, and cannot call a commit back.
        if (onTheWay === 0) await this.#ask('abort', name, () => upload.abort()).catch(() => {});
      },
    };
  }

  replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    return this.#ask('metadata', name, () => this.#store.replaceMetadata(name, etag, metadata));
  }

  delete(name: string, etag: string): Promise<DeleteOutcome> {
    return this.#ask('delete', name, () => this.#store.delete(name, etag));
  }

  list(prefix: string, options: ListOptions): Promise<ListPage> {
    return this.#ask('list', prefix, () => this.#store.list(prefix, options));
  }

  #ask<T>(request: RemoteStoreRequest, name: string, serve: () => Promise<T>): Promise<T> {
    this.underWay++;
    return this.#send(request, name, serve).finally(() => {
      this.underWay--;
    });
  }

  #send<T>(request: RemoteStoreRequest, name: string, serve: () => Promise<T>): Promise<T> {
    const weather = this.#weather;
    const { time } = this.#process;
    const fate = weather.fate(request, name);
    const isWrite = writes.has(request);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        const [code, what] = isWrite ? ['indeterminate' as const, 'wrote'] : ['unavailable' as const, 'gave'];
        reject(
          new SionError(code, `the store said nothing in time: ${request} of ${name}; nobody knows what it ${what}`),
        );
      };
      time.after(weather.transitMs(), () => {
        if (fate === 'refused') {
          const refused = new SionError('unavailable', `the store refused ${request} of ${name}: slow down`);
          return this.#process.soon(weather.transitMs(), () => reject(refused));
        }
        if (fate === 'served') {
          const served = this.#process.answer(serve(), weather.transitMs());
          return void served.then(resolve, reject);
        }
        // What a write that nobody waits for came to is nobody's affair, and a reading has no effect.
        const unheard = () => void serve().catch(() => {});
        if (isWrite) time.after(fate === 'late' ? weather.lateMs() : 0, unheard);
        this.#process.soon(weather.timeoutMs(), giveUp);
      });
    });
  }

  #bodyOf(body: StoreBody): StoreBody {
    const [process, weather] = [this.#process, this.#weather];
    let cancelled = false;
    return {
      cancel() {
        cancelled = true;
        body.cancel();
      },
      async *[Symbol.asyncIterator]() {
        const pieces = body[Symbol.asyncIterator]();
        for (;;) {
          const next = await process.answer(pieces.next(), weather.transitMs() / 4);
          if (cancelled) throw new SionError('closed', 'the body was given up');
          if (next.done === true) return;
          if (weather.breaksOff()) {
            body.cancel();
            throw new SionError('unavailable', 'the store broke the body off');
          }
          for (let left = next.value.length; left > 0; left -= process.pieceBytes) {
            const waitMs = process.carry(Math.min(left, process.pieceBytes));
            if (waitMs > 0) await new Promise<void>((resolve) => process.soon(waitMs, resolve));
          }
          yield weather.corrupts() ? corrupted(next.value) : next.value;
        }
      },
    };
  }
}

function corrupted(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}
