/**
 * A store with faults, over a virtual one: each request takes its time on the way there and on the way back, may be
 * refused, may lose its reply, may land after its caller was told that nobody knows, and may never land at all. A test
 * draws these fates. A cut stands for the death of the process that asked: nothing is answered any more, and what was on
 * its way lands or not.
 */
import {
  type Clock,
  type DeleteOutcome,
  delay,
  type GetOptions,
  type GetOutcome,
  type ListOptions,
  type ListPage,
  type Store,
  type StoreBody,
  type StoredMetadata,
  type StoredObject,
  type Upload,
  type VirtualStoreRequest,
  type WriteCondition,
  type WriteOutcome,
} from '@sion/components';
import { SionError } from '@sion/wire';

export type StoreRequest = VirtualStoreRequest | 'write';

/** What becomes of one request. */
export interface Fate {
  /** On the way there. */
  readonly thereMs: number;
  /** On the way back. */
  readonly backMs: number;
  /**
   * `lost`: done, but its reply is lost. `late`: the caller gives up, then it is done, `lateMs` later. `never`: the caller
   * gives up, and nothing is done. `defect-before`, `defect-after`: throws what no store should, having done nothing, or
   * having done it.
   */
  readonly end: 'answered' | 'refused' | 'lost' | 'late' | 'never' | 'defect-before' | 'defect-after';
  readonly lateMs: number;
}

/** What becomes of a body: after how many pieces it breaks off, if it does, and how long each takes. */
export interface BodyFate {
  readonly pieceMs: number;
  readonly breaksAfter?: number;
}

export interface FaultyStoreOptions {
  readonly clock: Clock;
  readonly fateOf: (request: StoreRequest, name: string) => Fate;
  readonly bodyFateOf: () => BodyFate;
  /** What was on its way when the asking process died: does it land? */
  readonly landsAfterCut: () => boolean;
  readonly onEvent?: (text: string) => void;
}

export class FaultyStore implements Store {
  readonly #inner: Store;
  readonly #options: FaultyStoreOptions;
  #isCut = false;
  /** Uploads begun through this store that were neither committed nor aborted. */
  openUploads = 0;
  /** Requests under way, late ones included. */
  underWay = 0;
  /** Requests on their way there that would change an object. */
  changesUnderWay = 0;

  constructor(inner: Store, options: FaultyStoreOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  cut(): void {
    this.#isCut = true;
  }

  async claim(): Promise<void> {}

  async close(): Promise<void> {}

  head(name: string): Promise<StoredObject | undefined> {
    return this.#ask('head', name, () => this.#inner.head(name));
  }

  get(name: string, options?: GetOptions): Promise<GetOutcome> {
    return this.#ask('get', name, async () => {
      const outcome = await this.#inner.get(name, options);
      return outcome.kind === 'hit' ? { ...outcome, body: this.#body(outcome.body) } : outcome;
    });
  }

  put(name: string, bytes: Uint8Array, metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    // Sent: the caller may do with its bytes what it likes once it has been told anything.
    const sent = new Uint8Array(bytes);
    return this.#ask('put', name, () => this.#inner.put(name, sent, metadata, condition));
  }

  async beginUpload(name: string, sizeBytes?: number): Promise<Upload> {
    const upload = await this.#ask('upload', name, () => this.#inner.beginUpload(name, sizeBytes));
    this.openUploads++;
    let isOpen = true;
    const end = () => {
      if (isOpen) this.openUploads--;
      isOpen = false;
    };
    return {
      write: (bytes) => this.#ask('write', name, () => upload.write(new Uint8Array(bytes))),
      commit: async (metadata, condition) => {
        const outcome = await this.#ask('commit', name, async () => {
          if (!isOpen) throw new SionError('closed', 'the upload was aborted');
          return await upload.commit(metadata, condition);
        });
        if (outcome.kind === 'written') end();
        return outcome;
      },
      abort: async () => {
        end();
        await upload.abort();
      },
    };
  }

  replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    return this.#ask('metadata', name, () => this.#inner.replaceMetadata(name, etag, metadata));
  }

  delete(name: string, etag: string): Promise<DeleteOutcome> {
    return this.#ask('delete', name, () => this.#inner.delete(name, etag));
  }

  list(prefix: string, options: ListOptions): Promise<ListPage> {
    return this.#ask('list', prefix, () => this.#inner.list(prefix, options));
  }

  async #ask<T>(request: StoreRequest, name: string, run: () => Promise<T>): Promise<T> {
    const fate = this.#options.fateOf(request, name);
    const tell = (what: string) => this.#options.onEvent?.(`store ${request} ${name} ${what}`);
    const act = async () => {
      if (this.#isCut && !this.#options.landsAfterCut()) return await forever;
      const result = await run();
      tell(`does ${briefly(result)}`);
      return result;
    };
    const change = isChange(request) ? 1 : 0;
    this.underWay++;
    try {
      this.changesUnderWay += change;
      await this.#pass(fate.thereMs);
      this.changesUnderWay -= change;
      if (fate.end === 'refused') throw new SionError('unavailable', 'the store refused');
      if (fate.end === 'never') throw unknownResult(request);
      if (fate.end === 'late') {
        void this.#actLate(fate.lateMs, act);
        throw unknownResult(request);
      }
      if (fate.end === 'defect-before') throw new TypeError('a defect of the store, before it did anything');
      const result = await act();
      await this.#pass(fate.backMs);
      if (fate.end === 'lost') throw unknownResult(request);
      if (fate.end === 'defect-after') throw new TypeError('a defect of the store, after it had done its work');
      return this.#isCut ? await forever : result;
    } catch (thrown) {
      tell(String(thrown));
      return this.#isCut ? await forever : await Promise.reject(thrown);
    } finally {
      this.underWay--;
    }
  }

  async #actLate(lateMs: number, act: () => Promise<unknown>): Promise<void> {
    this.underWay++;
    try {
      await this.#pass(lateMs);
      await act();
    } catch {
      // Nobody listens any more.
    } finally {
      this.underWay--;
    }
  }

  async #pass(ms: number): Promise<void> {
    if (ms > 0) await delay(this.#options.clock, ms);
  }

  #body(inner: StoreBody): StoreBody {
    const { pieceMs, breaksAfter } = this.#options.bodyFateOf();
    const pass = () => this.#pass(pieceMs);
    return {
      cancel: () => inner.cancel(),
      async *[Symbol.asyncIterator]() {
        let count = 0;
        for await (const piece of inner) {
          await pass();
          if (count === breaksAfter) throw new SionError('unavailable', 'the body broke off');
          count++;
          yield piece;
        }
      },
    };
  }
}

const forever = new Promise<never>(() => {});

function isChange(request: StoreRequest): boolean {
  return request === 'put' || request === 'commit' || request === 'metadata' || request === 'delete';
}

/** A write that got no answer may have happened; a read that got none has not. */
function unknownResult(request: StoreRequest): SionError {
  return isChange(request)
    ? new SionError('indeterminate', 'the store gave no answer')
    : new SionError('unavailable', 'the store gave no answer');
}

function briefly(result: unknown): string {
  if (result === undefined) return 'nothing';
  if (typeof result !== 'object' || result === null) return String(result);
  const kind = 'kind' in result ? String(result.kind) : 'found';
  if ('object' in result && typeof result.object === 'object' && result.object !== null) {
    return `${kind} ${'etag' in result.object ? String(result.object.etag) : ''}`;
  }
  return `${kind} ${'etag' in result ? String(result.etag) : ''}`;
}
