/** A store that counts its requests, and what they cost, on the way to the real one. */
import type { Store, Upload } from '@sion/components';
import type { Metrics, StoreOperation } from '../metrics/metrics.ts';

/** Dollars per request by operation; zero for a directory. */
export type StorePrices = Readonly<Record<StoreOperation, number>>;

export const freeStore: StorePrices = { head: 0, get: 0, put: 0, upload: 0, metadata: 0, delete: 0, list: 0 };

export function meterStore(store: Store, metrics: Metrics, prices: StorePrices): Store {
  const count = (operation: StoreOperation) => {
    metrics.countStoreRequest(operation);
    if (prices[operation] > 0) metrics.addCost('store', prices[operation]);
  };
  return {
    claim: () => store.claim(),
    close: () => store.close(),
    head(name) {
      count('head');
      return store.head(name);
    },
    get(name, options) {
      count('get');
      return store.get(name, options);
    },
    put(name, bytes, metadata, condition) {
      count('put');
      return store.put(name, bytes, metadata, condition);
    },
    async beginUpload(name, sizeBytes) {
      count('upload');
      return meterUpload(await store.beginUpload(name, sizeBytes), () => count('put'));
    },
    replaceMetadata(name, etag, metadata) {
      count('metadata');
      return store.replaceMetadata(name, etag, metadata);
    },
    delete(name, etag) {
      count('delete');
      return store.delete(name, etag);
    },
    list(prefix, options) {
      count('list');
      return store.list(prefix, options);
    },
  };
}

function meterUpload(upload: Upload, onCommit: () => void): Upload {
  return {
    write: (bytes) => upload.write(bytes),
    commit(metadata, condition) {
      onCommit();
      return upload.commit(metadata, condition);
    },
    abort: () => upload.abort(),
  };
}
