import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTrace, type TraceOptions } from './read-trace.ts';
import { planReplay } from './replay-plan.ts';
import type { TraceRecord } from './trace-record.ts';

const registryHead =
  ',Unnamed: 0,host,http.request.duration,http.request.method,http.request.remoteaddr,http.request.uri,http.request.useragent,http.response.status,http.response.written,id,timestamp';
const registryRow = (
  method: string,
  uri: string,
  written: string,
  timestamp: string,
  agent = 'docker/1.8.1 go/go1.4.2',
) => `1,1,dc118836,13.1,${method},c095c6ec,${uri},${agent},200,${written},ac65,${timestamp}`;

const registryCsv = [
  registryHead,
  registryRow('GET', 'v2/a/b/blobs/d1', '28540435.0', '2017-06-20 00:00:26.626'),
  registryRow('GET', 'v2/a/b/c/blobs/d1', '5', '2017-06-20 00:01:00', '"odd, ""quoted"" agent"'),
  registryRow('GET', 'v2/a/b/manifests/latest', '5', '2017-06-20 00:01:01'),
  registryRow('PATCH', 'v2/a/b/blobs/d2', '5', '2017-06-20 00:01:01'),
  registryRow('PUT', 'v2/a/b/blobs/d2', '0.0', '2017-07-01 00:00:00.000'),
].join('\n');

const registryJson = JSON.stringify([
  {
    'http.request.method': 'GET',
    'http.request.uri': 'v2/a/b/blobs/{d1}"',
    'http.response.written': 28_540_435,
    timestamp: '2017-06-20T00:00:26.626Z',
  },
  {
    'http.request.method': 'HEAD',
    'http.request.uri': 'v2/a/blobs/d2',
    'http.response.written': 0,
    timestamp: '2017-06-20T00:00:27Z',
  },
]);

const cos = [
  '1219008 REST.PUT.OBJECT 8d4f 1056',
  '1221974 REST.HEAD.OBJECT 39d1 528',
  '1232488 REST.GET.OBJECT 95d3 1168 0 1167',
  '1232490 REST.GET.OBJECT 95d3 1168 100 199',
  '1232491 REST.DELETE.OBJECT 95d3',
  '1232492 REST.COPY.OBJECT 95d3 10',
].join('\r\n');

const azure = [
  'Timestamp,AnonRegion,AnonBlobETag,BlobBytes,Read,Write',
  '1606714231054,nd6,fe17,28.0,True,False',
  '1606714231063,nd6,fe18,,False,True',
  '1606714231064,nd6,fe19,1,False,False',
].join('\n');

const twitter = ['0,k1,2,17,4,get,0', '3,a,comma,7,20,4,set,30', '4,k1,2,0,4,delete,0'].join('\n');

const inputs = { registryCsv, registryJson, cos, azure, twitter };
const expected: Readonly<Record<'cos' | 'azure' | 'twitter', readonly TraceRecord[]>> = {
  cos: [
    { atMs: 1_219_008, operation: 'put', key: '8d4f', sizeBytes: 1056 },
    { atMs: 1_221_974, operation: 'head', key: '39d1', sizeBytes: 528 },
    { atMs: 1_232_488, operation: 'get', key: '95d3', sizeBytes: 1168 },
    { atMs: 1_232_490, operation: 'get', key: '95d3', sizeBytes: 1168, range: { start: 100, end: 200 } },
    { atMs: 1_232_491, operation: 'delete', key: '95d3' },
    { atMs: 1_232_492, operation: 'copy', key: '95d3', sizeBytes: 10 },
  ],
  azure: [
    { atMs: 1_606_714_231_054, operation: 'get', key: 'fe17', sizeBytes: 28 },
    { atMs: 1_606_714_231_063, operation: 'put', key: 'fe18' },
  ],
  twitter: [
    { atMs: 0, operation: 'get', key: 'k1', sizeBytes: 17 },
    { atMs: 3000, operation: 'put', key: 'a,comma', sizeBytes: 20, ttlSeconds: 30 },
    { atMs: 4000, operation: 'delete', key: 'k1', sizeBytes: 0 },
  ],
};

async function* cut(bytes: Uint8Array, at: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(at.map((share) => Math.floor(share * bytes.length)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    if (end > from) yield bytes.subarray(from, end);
    from = Math.max(from, end);
  }
}

async function read(text: string | Uint8Array, options: TraceOptions = {}, at: readonly number[] = []) {
  const records: TraceRecord[] = [];
  for await (const record of readTrace(cut(Buffer.from(text), at), options)) records.push(record);
  return records;
}

describe('traces', () => {
  it.each(['cos', 'azure', 'twitter'] as const)('of %s are read, told by their head', async (name) => {
    expect(await read(inputs[name])).toEqual(expected[name]);
  });

  it('of the registry are read, by URI or by digest, with times that differ as they do', async () => {
    const byUri = await read(registryCsv);
    const [first, second, third] = byUri;
    expect(byUri.map(({ operation, key, sizeBytes }) => [operation, key, sizeBytes])).toEqual([
      ['get', 'v2/a/b/blobs/d1', 28_540_435],
      ['get', 'v2/a/b/c/blobs/d1', 5],
      ['put', 'v2/a/b/blobs/d2', 0],
    ]);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(33_374);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBe(11 * 86_400_000 - 60_000);
    expect((await read(registryCsv, { registryKey: 'digest' })).map(({ key }) => key)).toEqual(['d1', 'd1', 'd2']);
  });

  it('of the registry are read in their original form, whatever stands in strings', async () => {
    const records = await read(registryJson);
    expect(records.map(({ operation, key }) => [operation, key])).toEqual([
      ['get', 'v2/a/b/blobs/{d1}"'],
      ['head', 'v2/a/blobs/d2'],
    ]);
    expect((records[1]?.atMs ?? 0) - (records[0]?.atMs ?? 0)).toBe(374);
  });

  it('are the same packed and plain, and however the bytes are cut', async () => {
    const names = fc.constantFrom(...(Object.keys(inputs) as (keyof typeof inputs)[]));
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(names, fc.boolean(), cuts, async (name, isPacked, at) => {
        const whole = await read(inputs[name]);
        const bytes = isPacked ? gzipSync(inputs[name]) : Buffer.from(inputs[name]);
        expect(await read(bytes, {}, at)).toEqual(whole);
      }),
    );
  });

  it.each([
    [`${cos}\r\nnonsense`, /^line 7 of the trace is "nonsense": expected ms REST/],
    ['5 REST.GET.OBJECT k 10 9 3', /^line 1 .*expected ms REST/],
    [`${twitter}\n5,k,1,x,4,get,0`, /^line 4 .*expected timestamp,key/],
    [`${azure}\nsoon,nd6,e,1,True,False`, /^line 5 .*"soon": expected Timestamp/],
    [`${azure}\n1,2`, /^line \d+ .*expected a row like the header says/],
    [
      [registryHead, registryRow('GET', 'v2/blobs/d', '-4', '2017-06-20 00:00:26')].join('\n'),
      /^line 2 .*"-4": expected http.response.written/,
    ],
    [
      [registryHead, registryRow('GET', 'v2/blobs/d', '4', '2017-13-20 00:00:26')].join('\n'),
      /^line 2 .*expected a timestamp/,
    ],
    ['[{"http.request.method":"GET"', /^line 1 .*expected a whole JSON object/],
    ['to whom it may concern', /^line 1 .*expected the head of one of registry-csv/],
    ['x'.repeat(2 * 1024 * 1024), /^line 1 .*expected the head of one of/],
  ])('say what is wrong with a line, and what was expected: %#', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('say which column is missing', async () => {
    const without = registryCsv.replace(',http.response.written', ',http.response.bytes');
    await expect(read(without)).rejects.toThrow(/^line 1 .*expected a header with the column http.response.written/);
  });

  it.each(['cos', 'registryCsv', 'registryJson', 'twitter'] as const)(
    'say where packed %s is cut off',
    async (name) => {
      const packed = gzipSync(inputs[name]);
      await expect(read(packed.subarray(0, packed.length - 9))).rejects.toThrow(
        /^line \d+ .*gzip is cut off or damaged/,
      );
    },
  );

  it.each([
    ['cos', `nonsense\r\n${cos}`, 'cos'],
    ['twitter', `${twitter}\n5,k,1,x,4,get,0`, 'twitter'],
    ['azure', `${azure}\n1,2\nsoon,nd6,e,1,True,False`, 'azure'],
  ] as const)('leave bad rows of %s out, where that is asked for', async (name, text, format) => {
    const bad: string[] = [];
    expect(await read(text, { format, onBadRow: ({ message }) => bad.push(message) })).toEqual(expected[name]);
    expect(bad.length).toBe(name === 'azure' ? 2 : 1);
    expect(bad.join()).toMatch(/line \d+/);
  });

  it('are empty when the file is', async () => {
    expect(await read('')).toEqual([]);
  });
});

describe('a replay', () => {
  const records: readonly TraceRecord[] = [
    { atMs: 1000, operation: 'get', key: 'a', sizeBytes: 10 },
    { atMs: 1500, operation: 'put', key: 'b', sizeBytes: 5 },
    { atMs: 1400, operation: 'get', key: 'a', sizeBytes: 30, range: { start: 0, end: 40 } },
  ];

  it('writes what is read for the first time right before, as large as it ever is', () => {
    expect(
      planReplay(records, 'put').map(({ atMs, sizeBytes, isPutBefore, isFirst }) => [
        atMs,
        sizeBytes,
        isPutBefore,
        isFirst,
      ]),
    ).toEqual([
      [0, 40, true, true],
      [500, 5, false, true],
      [400, 40, false, false],
    ]);
  });

  it('finds objects that exist', () => {
    expect(planReplay(records, 'exists').map(({ isPutBefore }) => isPutBefore)).toEqual([false, false, false]);
  });
});
