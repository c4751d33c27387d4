/**
 * What one request has caused, noted where it happens: requests to the store, and time of nodes. Only requests whose
 * front wants to tell have an account; it never decides anything. A store request that several requests share is noted
 * with each of them, with its share.
 */
import type { Store, Upload } from '@sion/components';
import type { PricedStoreOperation } from '@sion/core';

/** Kept by the front, told by the engine. */
export interface RequestAccount {
  /** `share`: of its price, 1 / the number of requests that it serves. */
  noteStoreRequest(operation: PricedStoreOperation, share: number): void;
  /** A node has worked for the request, or was waited for. */
  noteNode(node: number, ms: number): void;
}

/** The same store, telling the accounts of those who use it here; itself when there is none to tell. */
export function accountedStore(store: Store, accounts: readonly RequestAccount[]): Store {
  return accounts.length === 0 ? store : new AccountedStore(store, accounts);
}

/** The accounts of requests that may have one. */
export function accountsOf(...requests: readonly { readonly account?: RequestAccount }[]): readonly RequestAccount[] {
  return requests.flatMap(({ account }) => (account === undefined ? [] : [account]));
}

class AccountedStore implements Store {
  readonly #store: Store;
  readonly #accounts: readonly RequestAccount[];

  constructor(store: Store, accounts: readonly RequestAccount[]) {
    this.#store = store;
    this.#accounts = accounts;
  }

  claim(): Promise<void> {
    return this.#store.claim();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  head(...request: Parameters<Store['head']>): ReturnType<Store['head']> {
    this.#note('head');
    return this.#store.head(...request);
  }

  get(...request: Parameters<Store['get']>): ReturnType<Store['get']> {
    this.#note('get');
    return this.#store.get(...request);
  }

  put(...request: Parameters<Store['put']>): ReturnType<Store['put']> {
    this.#note('put');
    return this.#store.put(...request);
  }

  /** An upload to S3 may be many requests, or one: it tells at its end. */
  async beginUpload(...request: Parameters<Store['beginUpload']>): Promise<Upload> {
    const upload = await this.#store.beginUpload(...request);
    let told = 0;
    const note = () => {
      for (const count = upload.requestCount ?? told + 1; told < count; told++) this.#note('upload');
    };
    if (upload.requestCount === undefined) note();
    return {
      write: (bytes) => upload.write(bytes),
      commit: (metadata, condition) => upload.commit(metadata, condition).finally(note),
      abort: () => upload.abort(),
      get requestCount() {
        return upload.requestCount;
      },
    };
  }

  replaceMetadata(...request: Parameters<Store['replaceMetadata']>): ReturnType<Store['replaceMetadata']> {
    this.#note('metadata');
    return this.#store.replaceMetadata(...request);
  }

  delete(...request: Parameters<Store['delete']>): ReturnType<Store['delete']> {
    this.#note('delete');
    return this.#store.delete(...request);
  }

  list(...request: Parameters<Store['list']>): ReturnType<Store['list']> {
    this.#note('list');
    return this.#store.list(...request);
  }

  #note(operation: PricedStoreOperation): void {
    for (const account of this.#accounts) account.noteStoreRequest(operation, 1 / this.#accounts.length);
  }
}
