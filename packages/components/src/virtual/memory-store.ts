/**
 * The virtual store: the `Store` contract in memory, for simulations and tests. Faults come from outside, through hooks
 * before and after each request: one that throws before means that nothing happened, one that throws after is a lost
 * reply, one that waits is a slow store.
 */
import { createHash } from 'node:crypto';
import { SionError } from '@sion/wire';
import type {
  ByteRange,
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

export type VirtualStoreRequest = 'head' | 'get' | 'put' | 'upload' | 'commit' | 'metadata' | 'delete' | 'list';

export interface VirtualStoreHooks {
  readonly before?: (request: VirtualStoreRequest, name: string) => Promise<void> | void;
  readonly after?: (request: VirtualStoreRequest, name: string) => Promise<void> | void;
}

export interface VirtualStoreOptions {
  readonly wallMs: () => number;
  readonly hooks?: VirtualStoreHooks;
  /** Bodies come in pieces of this size. Default 64 KiB. */
  readonly pieceBytes?: number;
  /**
   * `content`: as S3's, the same for the same bytes, whatever their metadata, so that a condition may hold again after
   * other versions. `version`, the default: another one with each write.
   */
  readonly etags?: 'version' | 'content';
}

interface Held {
  readonly object: StoredObject;
  readonly bytes: Uint8Array;
}

export class VirtualStore implements Store {
  readonly #objects = new Map<string, Held>();
  readonly #options: VirtualStoreOptions;
  #writes = 0;
  /** Uploads that were begun and neither committed nor aborted, with what ends them. */
  readonly #uploads = new Map<Upload, () => void>();

  constructor(options: VirtualStoreOptions) {
    this.#options = options;
  }

  /** Uploads that were begun and neither committed nor aborted. */
  get openUploads(): number {
    return this.#uploads.size;
  }

  async claim(): Promise<void> {}

  /** Ends the uploads of others than who has these. */
  clearUploads(own: ReadonlySet<Upload>): void {
    for (const [upload, end] of [...this.#uploads]) if (!own.has(upload)) end();
  }

  async close(): Promise<void> {}

  async head(name: string): Promise<StoredObject | undefined> {
    return await this.#request('head', name, () => this.#objects.get(name)?.object);
  }

  async get(name: string, options: GetOptions = {}): Promise<GetOutcome> {
    return await this.#request('get', name, () => this.#get(name, options));
  }

  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    return await this.#request('put', name, () => this.#write(name, copyOf(bytes), metadata, condition));
  }

  async beginUpload(name: string): Promise<Upload> {
    await this.#request('upload', name, () => undefined);
    const pieces: Uint8Array[] = [];
    let open = true;
    const end = () => {
      this.#uploads.delete(upload);
      open = false;
    };
    const upload: Upload = {
      write: async (bytes) => {
        pieces.push(copyOf(bytes));
      },
      commit: async (metadata, condition) => {
        if (!open) throw new SionError('closed', 'This upload is over. Begin another one.');
        const outcome = await this.#request('commit', name, () => {
          if (!open) throw new SionError('closed', 'This upload is over. Begin another one.');
          return this.#write(name, Buffer.concat(pieces), metadata, condition);
        });
        if (outcome.kind === 'written') end();
        return outcome;
      },
      abort: async () => end(),
    };
    this.#uploads.set(upload, end);
    return upload;
  }

  async replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    return await this.#request('metadata', name, () => {
      const held = this.#objects.get(name);
      if (held === undefined) return { kind: 'conflict' };
      return this.#write(name, held.bytes, metadata, { kind: 'match', etag });
    });
  }

  async delete(name: string, etag: string): Promise<DeleteOutcome> {
    return await this.#request('delete', name, () => {
      const held = this.#objects.get(name);
      if (held === undefined) return { kind: 'missing' };
      if (held.object.etag !== etag) return { kind: 'conflict' };
      this.#objects.delete(name);
      return { kind: 'deleted' };
    });
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    return await this.#request('list', prefix, () => {
      const names = [...this.#objects.keys()]
        .filter((name) => name.startsWith(prefix) && !name.startsWith('.sion/'))
        .map((name) => Buffer.from(name))
        .sort(Buffer.compare)
        .map(String)
        .filter(
          (name) => options.after === undefined || Buffer.compare(Buffer.from(name), Buffer.from(options.after)) > 0,
        );
      const found = names.slice(0, options.limit).flatMap((name) => this.#objects.get(name)?.object ?? []);
      // As S3's listings: a simulation must not live on what a real store leaves out.
      const objects = options.namesOnly === true ? found.map((object) => ({ ...object, metadata: {} })) : found;
      return { objects, more: names.length > options.limit };
    });
  }

  async #request<T>(request: VirtualStoreRequest, name: string, run: () => T): Promise<T> {
    await this.#options.hooks?.before?.(request, name);
    const result = run();
    await this.#options.hooks?.after?.(request, name);
    return result;
  }

  #get(name: string, options: GetOptions): GetOutcome {
    const held = this.#objects.get(name);
    if (held === undefined) return { kind: 'miss' };
    const { object, bytes } = held;
    if (options.ifMatch !== undefined && options.ifMatch !== object.etag) return { kind: 'superseded' };
    const range: ByteRange = {
      start: options.range?.start ?? 0,
      end: Math.min(options.range?.end ?? bytes.length, bytes.length),
    };
    if (options.range !== undefined && range.start >= range.end) return { kind: 'outside', object };
    return { kind: 'hit', object, range, body: this.#body(bytes.subarray(range.start, range.end)) };
  }

  #body(bytes: Uint8Array): StoreBody {
    const pieceBytes = this.#options.pieceBytes ?? 64 * 1024;
    let cancelled = false;
    return {
      cancel: () => {
        cancelled = true;
      },
      async *[Symbol.asyncIterator]() {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          if (cancelled) throw new SionError('closed', 'the body was given up');
          yield bytes.slice(at, at + pieceBytes);
        }
      },
    };
  }

  #write(name: string, bytes: Uint8Array, metadata: StoredMetadata, condition: WriteCondition): WriteOutcome {
    const present = this.#objects.get(name);
    const holds = condition.kind === 'absent' ? present === undefined : present?.object.etag === condition.etag;
    if (!holds) return { kind: 'conflict' };
    this.#writes++;
    const etag = this.#options.etags === 'content' ? contentTag(bytes) : `"${this.#writes}"`;
    const object = { name, sizeBytes: bytes.length, etag, modifiedMs: this.#options.wallMs(), metadata };
    this.#objects.set(name, { object, bytes });
    return { kind: 'written', etag };
  }
}

function contentTag(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

/** Not `slice`: a Buffer's is a view of the same bytes. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
