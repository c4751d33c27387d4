/**
 * The S3 store while requests fail in every way, on any server behind a fault proxy: no wrong result, `unavailable` only
 * where nothing was changed, and `indeterminate` where nobody knows.
 */
import type { Store } from '@sion/components';
import { asSionError } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { S3Fault } from '../../s3-server/faults.ts';
import type { S3Call, S3Operation } from '../../s3-server/s3-call.ts';
import { collect, expectObject, pattern, putNew, sha256, text, written } from './exchange.ts';
import { type FaultBench, partBytes } from './s3-bench.ts';

/** The next request of this kind goes wrong. */
function failNext({ proxy }: FaultBench, operation: S3Operation, fault: S3Fault): void {
  proxy.fault = (call) => {
    if (call.operation !== operation) return undefined;
    proxy.fault = () => undefined;
    return fault;
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (thrown: unknown) => asSionError(thrown).code,
  );
}

const nothingHappened: readonly S3Fault[] = [
  { kind: 'refuse', status: 503, code: 'SlowDown' },
  { kind: 'refuse', status: 403, code: 'AccessDenied' },
  { kind: 'refuse', status: 400, code: 'RequestTimeout' },
];

const nobodyKnows: readonly (readonly [fault: S3Fault, happened: boolean])[] = [
  [{ kind: 'lose' }, true],
  [{ kind: 'fail', status: 500, code: 'InternalError' }, true],
  [{ kind: 'hold', when: 'after' }, true],
  [{ kind: 'cut' }, false],
  [{ kind: 'hold', when: 'before' }, false],
  [{ kind: 'cut-upload', afterBytes: 2 }, false],
  [{ kind: 'refuse', status: 500, code: 'InternalError' }, false],
];

interface Write {
  /** `copy`: whatever this server's copies end with. */
  readonly operation: S3Operation | 'copy';
  readonly send: (store: Store, etag: string) => Promise<unknown>;
}

const writes: Readonly<Record<string, Write>> = {
  put: {
    operation: 'PutObject',
    send: (store, etag) => store.put('a', text('new'), { version: '2' }, { kind: 'match', etag }),
  },
  replaceMetadata: {
    operation: 'copy',
    send: (store, etag) => store.replaceMetadata('a', etag, { version: '2' }),
  },
  delete: { operation: 'DeleteObject', send: (store, etag) => store.delete('a', etag) },
};

function operationOn({ copyOperation }: FaultBench, operation: S3Operation | 'copy'): S3Operation {
  return operation === 'copy' ? copyOperation : operation;
}

/** Runs all of it; each test has a bench of its own. */
export function s3Faults(name: string, open: () => Promise<FaultBench>): void {
  describe(`faults: ${name}`, () => {
    let opened: FaultBench;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());
    const bench = () => opened;
    describeWrites(bench);
    describeReads(bench);
    describeUploads(bench);
    describeRuns(bench);
  });
}

function describeWrites(bench: () => FaultBench): void {
  describe.each(Object.entries(writes))('%s', (_, { operation, send }) => {
    const versionNow = async () => (await bench().store.head('a'))?.metadata.version;

    test.each(nothingHappened)('is unavailable, and changes nothing, after %j', async (fault) => {
      const etag = await putNew(bench().store, 'a', text('old'), { version: '1' });
      failNext(bench(), operationOn(bench(), operation), fault);
      expect(await codeOf(send(bench().store, etag))).toBe('unavailable');
      expect(await versionNow()).toBe('1');
    });

    test.each(nobodyKnows)('is indeterminate after %j', async (fault, happened) => {
      const etag = await putNew(bench().store, 'a', text('old'), { version: '1' });
      failNext(bench(), operationOn(bench(), operation), fault);
      expect(await codeOf(send(bench().store, etag))).toBe('indeterminate');
      expect((await versionNow()) !== '1').toBe(happened);
    });

    test('is a conflict after 409', async () => {
      const etag = await putNew(bench().store, 'a', text('old'), { version: '1' });
      failNext(bench(), operationOn(bench(), operation), {
        kind: 'refuse',
        status: 409,
        code: 'ConditionalRequestConflict',
      });
      expect(await send(bench().store, etag)).toEqual({ kind: 'conflict' });
    });
  });
}

function describeReads(bench: () => FaultBench): void {
  describe('reads', () => {
    const bytes = pattern(300_000);
    test.each<S3Fault>([
      ...nothingHappened,
      { kind: 'lose' },
      { kind: 'cut' },
      { kind: 'hold', when: 'before' },
      { kind: 'refuse', status: 500, code: 'InternalError' },
    ])('are unavailable after %j', async (fault) => {
      await putNew(bench().store, 'a', bytes);
      for (const [operation, read] of [
        ['HeadObject', () => bench().store.head('a')],
        ['GetObject', () => bench().store.get('a')],
        ['ListObjectsV2', () => bench().store.list('', { limit: 1 })],
      ] as const) {
        failNext(bench(), operation, fault);
        expect(await codeOf(read())).toBe('unavailable');
      }
      await expectObject(bench().store, 'a', bytes);
    });

    test.each<S3Fault>([
      { kind: 'cut-body', afterBytes: 0 },
      { kind: 'cut-body', afterBytes: 100_000 },
      { kind: 'stall-body', afterBytes: 100_000 },
    ])('never end as if they were whole after %j', async (fault) => {
      await putNew(bench().store, 'a', bytes);
      failNext(bench(), 'GetObject', fault);
      const outcome = await bench().store.get('a');
      if (outcome.kind !== 'hit') throw new Error('missing');
      let isOver = false;
      const reading = codeOf(collect(outcome.body)).finally(() => {
        isOver = true;
      });
      if (fault.kind === 'stall-body') bench().clock.expireUntil(() => isOver);
      expect(await reading).toBe('unavailable');
      await expectObject(bench().store, 'a', bytes);
    });

    test('with a server that is gone are unavailable, and so are writes', async () => {
      await bench().proxy.close();
      expect(await codeOf(bench().store.head('a'))).toBe('unavailable');
      expect(await codeOf(bench().store.put('a', text('x'), {}, { kind: 'absent' }))).toBe('unavailable');
      await expect(bench().store.get('a')).rejects.toThrow(/SION_S3_ENDPOINT/);
    });
  });
}

function describeUploads(bench: () => FaultBench): void {
  describe('uploads', () => {
    const bytes = pattern(2 * partBytes + 1000);
    const uploadOf = async () => {
      const upload = await bench().store.beginUpload('a', bytes.length);
      await upload.write(bytes);
      return upload;
    };
    const expectNoTrace = async () => expect(await bench().traces()).toEqual([]);

    test('send a part again that was refused or lost', async () => {
      let parts = 0;
      bench().proxy.fault = ({ operation }) => {
        if (operation !== 'UploadPart') return undefined;
        parts += 1;
        if (parts === 1) return { kind: 'refuse', status: 503, code: 'SlowDown' };
        return parts === 2 ? { kind: 'lose' } : undefined;
      };
      const upload = await uploadOf();
      written(await upload.commit({ version: '1' }, { kind: 'absent' }));
      await expectObject(bench().store, 'a', bytes, { version: '1' });
      await expectNoTrace();
    });

    test('whose part cannot be sent are unavailable and leave no trace', async () => {
      bench().proxy.fault = ({ operation }) =>
        operation === 'UploadPart' ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
      const upload = await uploadOf();
      expect(await codeOf(upload.commit({}, { kind: 'absent' }))).toBe('unavailable');
      await upload.abort();
      expect(await bench().store.head('a')).toBeUndefined();
      await expectNoTrace();
    });

    test.each(nobodyKnows)('are indeterminate when the copy into place ends in %j', async (fault, happened) => {
      const upload = await uploadOf();
      failNext(bench(), bench().copyOperation, fault);
      expect(await codeOf(upload.commit({ version: '1' }, { kind: 'absent' }))).toBe('indeterminate');
      expect((await bench().store.head('a')) !== undefined).toBe(happened);
      expect(await codeOf(upload.commit({}, { kind: 'absent' }))).toBe('closed');
      if (happened) await expectObject(bench().store, 'a', bytes, { version: '1' });
      await expectNoTrace();
    });

    test('may be committed again when the copy was refused', async () => {
      const upload = await uploadOf();
      failNext(bench(), bench().copyOperation, { kind: 'refuse', status: 503, code: 'SlowDown' });
      expect(await codeOf(upload.commit({}, { kind: 'absent' }))).toBe('unavailable');
      written(await upload.commit({ version: '1' }, { kind: 'absent' }));
      await expectObject(bench().store, 'a', bytes, { version: '1' });
      await expectNoTrace();
    });

    test('that a later writer cleared away say so', async () => {
      const upload = await uploadOf();
      await bench().another().clearLeftovers?.();
      expect(await codeOf(upload.commit({}, { kind: 'absent' }))).toBe('unavailable');
      await upload.abort();
      expect(await bench().store.head('a')).toBeUndefined();
      await expectNoTrace();
    });

    test('go on while their own writer clears away what others left', async () => {
      const [upload, left] = [await uploadOf(), await bench().another().beginUpload('b')];
      await left.write(bytes);
      await bench().store.clearLeftovers?.();
      written(await upload.commit({ version: '1' }, { kind: 'absent' }));
      expect(await codeOf(left.commit({}, { kind: 'absent' }))).toBe('unavailable');
      await expectObject(bench().store, 'a', bytes, { version: '1' });
      await left.abort();
      await expectNoTrace();
    });
  });
}

function describeRuns(bench: () => FaultBench): void {
  test.each([1, 2, 3])('a run of writes among faults gives no wrong result (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const kinds: readonly (S3Fault | undefined)[] = [
      ...Array.from({ length: 8 }, () => undefined),
      ...nothingHappened,
      // Those that hold take their time, and are tried above.
      ...nobodyKnows.map(([fault]) => fault).filter(({ kind }) => kind !== 'hold'),
      { kind: 'cut-body', afterBytes: 10 },
      { kind: 'slow-body' },
    ];
    const faults = (_: S3Call) => kinds[random.integer(kinds.length)];
    let possible: ReadonlySet<string> = new Set(['none']);
    let now: { readonly etag: string; readonly version: string } | undefined;
    for (let step = 1; step <= 60; step += 1) {
      const before = now?.version ?? 'none';
      const bytes = pattern(1000 + step, step);
      const { store, proxy } = bench();
      const condition =
        now === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'match', etag: now.etag } as const);
      const removes = now !== undefined && random.integer(4) === 0;
      proxy.fault = faults;
      const work = removes
        ? store.delete('a', now?.etag ?? '')
        : store.put('a', bytes, { version: String(step) }, condition);
      const code = await codeOf(work);
      const after = removes ? 'none' : String(step);
      possible = new Set(code === 'done' ? [after] : code === 'unavailable' ? [before] : [before, after]);
      expect(['done', 'unavailable', 'indeterminate']).toContain(code);
      const read = await store.get('a').catch(() => undefined);
      if (read?.kind === 'hit') {
        const got = await collect(read.body).catch(() => undefined);
        if (got !== undefined) expect(possible).toContain(read.object.metadata.version);
        if (got !== undefined) expect(sha256(got)).toBe(sha256(pattern(got.length, got.length - 1000)));
      }
      proxy.fault = () => undefined;
      const object = await store.head('a');
      expect(possible).toContain(object?.metadata.version ?? 'none');
      now = object === undefined ? undefined : { etag: object.etag, version: object.metadata.version ?? '' };
    }
  });
}
