/**
 * A store that counts its requests, and what they cost, on the way to the real one, and remembers whether that answered
 * last time. Where the store itself tells of its requests (S3: an upload is many, a listing looks at its objects), those
 * are counted; else each call is one.
 */
import type { Store, StoreRequest, Upload } from '@sion/components';
import { asSionError } from '@sion/wire';
import type { Metrics, StoreOperation } from '../metrics/metrics.ts';

/** Dollars per request by operation; zero for a directory. */
export type StorePrices = Readonly<Record<StoreOperation, number>>;

export const freeStore: StorePrices = { head: 0, get: 0, put: 0, upload: 0, metadata: 0, delete: 0, list: 0 };

export class MeteredStore implements Store {
  readonly #store: Store;
  readonly #metrics: Metrics;
  readonly #prices: StorePrices;
  #reachable = true;

  constructor(store: Store, metrics: Metrics, prices: StorePrices) {
    this.#store = store;
    this.#metrics = metrics;
    this.#prices = prices;
    store.tellRequests?.((request) => this.#count(request));
  }

  /** False when the last request found that the store does not answer. */
  get reachable(): boolean {
    return this.#reachable;
  }

  claim(): Promise<void> {
    return this.#store.claim();
  }

  async clearLeftovers(): Promise<void> {
    await this.#store.clearLeftovers?.();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  head(...request: Parameters<Store['head']>): ReturnType<Store['head']> {
    return this.#watch('head', () => this.#store.head(...request));
  }

  get(...request: Parameters<Store['get']>): ReturnType<Store['get']> {
    return this.#watch('get', () => this.#store.get(...request));
  }

  put(...request: Parameters<Store['put']>): ReturnType<Store['put']> {
    return this.#watch('put', () => this.#store.put(...request));
  }

  async beginUpload(...request: Parameters<Store['beginUpload']>): Promise<Upload> {
    const upload = await this.#watch('upload', () => this.#store.beginUpload(...request));
    return {
      write: (bytes) => upload.write(bytes),
      commit: (metadata, condition) => this.#watch('put', () => upload.commit(metadata, condition)),
      abort: () => upload.abort(),
      get requestCount() {
        return upload.requestCount;
      },
    };
  }

  replaceMetadata(...request: Parameters<Store['replaceMetadata']>): ReturnType<Store['replaceMetadata']> {
    return this.#watch('metadata', () => this.#store.replaceMetadata(...request));
  }

  delete(...request: Parameters<Store['delete']>): ReturnType<Store['delete']> {
    return this.#watch('delete', () => this.#store.delete(...request));
  }

  list(...request: Parameters<Store['list']>): ReturnType<Store['list']> {
    return this.#watch('list', () => this.#store.list(...request));
  }

  /** A node has read from the store itself: one request, at the same price. */
  countNodeRead(): void {
    this.#count('get');
  }

  async #watch<T>(operation: StoreOperation, request: () => Promise<T>): Promise<T> {
    if (this.#store.tellRequests === undefined) this.#count(operation);
    try {
      const result = await request();
      this.#reachable = true;
      return result;
    } catch (thrown) {
      if (asSionError(thrown).code === 'unavailable') this.#reachable = false;
      throw thrown;
    }
  }

  #count(request: StoreRequest): void {
    this.#metrics.countStoreRequest(request);
    if (this.#prices[request] > 0) this.#metrics.addCost('store', this.#prices[request]);
  }
}
