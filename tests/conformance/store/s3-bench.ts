/** S3 stores over a server of our own, with short patience, for tests of what goes wrong. */
import { openS3Store, type S3Store } from '@sion/aws/s3-store';
import { systemClock, systemRandom } from '@sion/components';
import { S3Server, type S3ServerOptions } from '../../s3-server/s3-server.ts';

/** Small enough that a test sees parts: S3's least part is 5 MiB. */
export const partBytes = 5 * 1024 * 1024;

export interface S3Bench {
  readonly server: S3Server;
  readonly store: S3Store;
  close(): Promise<void>;
}

export interface S3BenchOptions extends S3ServerOptions {
  readonly requestMs?: number;
  readonly bucket?: string;
  readonly oneRequestBytes?: number;
}

export async function openS3Bench(options: S3BenchOptions = {}): Promise<S3Bench> {
  const { requestMs = 250, oneRequestBytes = 5 * 2 ** 30 } = options;
  const server = await S3Server.start({ ...options, limits: { maxCopyBytes: oneRequestBytes, ...options.limits } });
  const store = openS3Store({
    bucket: options.bucket ?? 'bucket',
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    clock: systemClock,
    random: systemRandom,
    patience: { requestMs, copyMs: requestMs * 4, idleMs: requestMs },
    sizes: { uploadPartBytes: partBytes, uploadMemoryBytes: 6 * partBytes, oneRequestBytes, partBytes },
  });
  return {
    server,
    store,
    close: async () => {
      await store.close();
      await server.close();
    },
  };
}
