/**
 * The store as a node reads it, opened with the first load: a cold start must not wait for the store, and what is held
 * in memory is served also when the store cannot be reached. An opening that failed is tried again with the next load.
 */
import { isAbsolute, join } from 'node:path';
import { openDirectoryStore, type Random, type Store } from '@sion/components';
import { SionError } from '@sion/wire';
import type { ChunkSource } from './chunk-loader.ts';
import type { NodeEnvironment } from './settings.ts';

/** Where the S3 store lies. */
export interface S3Source {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint?: string;
}

/**
 * The source that the settings name; throws `invalid` when they cannot name one. `openS3` brings the SDK in, which a cold
 * start must not load.
 */
export function openSource(
  environment: NodeEnvironment,
  random: Random,
  openS3: (source: S3Source) => Promise<Store>,
): ChunkSource {
  const { store, dataDir, s3Bucket: bucket, s3Endpoint: endpoint, prefix } = environment;
  if (store === 's3') {
    if (bucket === '') {
      throw new SionError('invalid', 'SION_STORE is s3, but SION_S3_BUCKET is empty. Name the bucket.');
    }
    return openOnUse(() => openS3({ bucket, prefix, ...(endpoint === '' ? {} : { endpoint }) }));
  }
  if (!isAbsolute(dataDir)) {
    throw new SionError('invalid', `SION_DATA_DIR is ${dataDir}, but a function needs it as an absolute path.`);
  }
  return openOnUse(() => openDirectoryStore({ root: join(dataDir, 'store'), create: false, random }));
}

/** Opens with the first read, once; a failure is that read's, and the next one tries again. */
export function openOnUse(open: () => Promise<Store>): ChunkSource {
  let opened: Promise<Store> | undefined;
  return {
    async get(name, options) {
      opened ??= open();
      const attempt = opened;
      try {
        const store = await attempt;
        return await store.get(name, options);
      } catch (thrown) {
        await attempt.catch(() => {
          if (opened === attempt) opened = undefined;
        });
        throw thrown;
      }
    },
  };
}
