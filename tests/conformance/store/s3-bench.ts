/** S3 stores with short patience, for tests of what goes wrong: over a server of our own, or over any behind a fault proxy. */
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { openS3Store, type S3Store, s3Patience } from '@sion/aws/s3-store';
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { FaultProxy } from '../../s3-server/fault-proxy.ts';
import type { S3Operation } from '../../s3-server/s3-call.ts';
import { S3Server, type S3ServerOptions } from '../../s3-server/s3-server.ts';
import { TestPatience } from '../../s3-server/test-patience.ts';

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

export interface FaultBench {
  readonly store: S3Store;
  /** The same store as another process would open it; closed with the bench. */
  another(): S3Store;
  readonly clock: TestPatience;
  readonly proxy: FaultProxy;
  /** What a copy to a name ends with on this server. */
  readonly copyOperation: S3Operation;
  /** Keys of SION's own, and of unfinished uploads, as the server itself tells. */
  traces(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** An S3 server to be used through a fault proxy. */
export interface FaultTarget {
  readonly endpoint: string;
  readonly bucket: string;
  readonly copyOperation: S3Operation;
  close?(): Promise<void>;
}

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

export async function openFaultBench(target: FaultTarget): Promise<FaultBench> {
  const { bucket, copyOperation } = target;
  const clock = new TestPatience(s3Patience.idleMs);
  const proxy = await FaultProxy.start(target.endpoint);
  proxy.onStill = () => clock.expire();
  const prefix = `faults/${randomHex(systemRandom, 8)}`;
  const place = { bucket, prefix, region: 'us-east-1', endpoint: proxy.endpoint, credentials };
  const opened: S3Store[] = [];
  const another = () => {
    const store = openS3Store({
      ...{ ...place, clock, random: systemRandom },
      sizes: { uploadPartBytes: partBytes, uploadMemoryBytes: 6 * partBytes, partBytes },
    });
    opened.push(store);
    return store;
  };
  const store = another();
  await store.probeConditions();
  return {
    ...{ store, another, clock, proxy, copyOperation },
    traces: () => tracesOf(target, prefix),
    close: async () => {
      for (const each of opened) await each.close();
      await proxy.close();
      await target.close?.();
    },
  };
}

async function tracesOf({ endpoint, bucket }: FaultTarget, prefix: string): Promise<readonly string[]> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  try {
    const asked = { Bucket: bucket, Prefix: `${prefix}/.sion/` };
    const { Contents = [] } = await client.send(new ListObjectsV2Command(asked));
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: `${prefix}/` }),
    );
    return [...Contents, ...Uploads].flatMap(({ Key }) => Key ?? []);
  } finally {
    client.destroy();
  }
}
