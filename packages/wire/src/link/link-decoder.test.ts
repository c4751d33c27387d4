import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryFrame, arbitraryMessages } from './arbitrary-frames.test-data.ts';
import { encodeFrame } from './encode-frame.ts';
import { frameHeaderBytes, maxChunksPerFrame, maxReasonBytes } from './limits.ts';
import { LinkDecoder } from './link-decoder.ts';
import { LinkProtocolError } from './link-protocol-error.ts';
import { type LinkFrame, type LinkMessage, toNodeMessages, toProxyMessages } from './message.ts';

const bothDirections = [...toNodeMessages, ...toProxyMessages];
const id = { epoch: 7, counter: 2 ** 48 - 1, fragment: 3, index: 11 };

/** Decodes `pieces`, pushed one after the other from buffers that are overwritten right after each push. */
function decodeAll(pieces: readonly Uint8Array[], maxPayloadBytes = 1 << 20): LinkFrame[] {
  const frames: LinkFrame[] = [];
  const decoder = new LinkDecoder<LinkMessage>({
    messages: bothDirections,
    maxPayloadBytes,
    onFrame: (frame) => frames.push(frame),
  });
  for (const piece of pieces) {
    const copy = Uint8Array.from(piece);
    decoder.push(copy);
    copy.fill(0xee);
  }
  expect(decoder.idle).toBe(true);
  return frames;
}

/** With payloads as plain arrays, so that buffer classes do not matter. */
function plain(frames: readonly LinkFrame[]): unknown[] {
  return frames.map(({ session, request, message }) => ({
    session,
    request,
    message: 'payload' in message ? { ...message, payload: [...message.payload] } : message,
  }));
}

function bytesOf(frame: LinkFrame): Buffer {
  return Buffer.concat([...encodeFrame(frame)]);
}

function splitAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...points].map((start, index) => bytes.subarray(start, points[index] ?? bytes.length));
}

/** A header with the given fields, then `rest`. */
function rawFrame(fields: { version?: number; code: number; head?: Uint8Array; payloadBytes?: number }): Buffer {
  const head = fields.head ?? new Uint8Array(0);
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUInt8(fields.version ?? 1, 0);
  header.writeUInt8(fields.code, 1);
  header.writeUInt16BE(head.length, 2);
  header.writeUInt32BE(fields.payloadBytes ?? 0, 4);
  return Buffer.concat([header, head]);
}

function faultOf(bytes: Uint8Array): LinkProtocolError {
  try {
    decodeAll([bytes]);
  } catch (thrown) {
    if (thrown instanceof LinkProtocolError) return thrown;
    throw thrown;
  }
  throw new Error('no fault');
}

describe('every message', () => {
  for (const [type, arbitrary] of Object.entries(arbitraryMessages)) {
    it(`${type} comes back whole, byte by byte and in random pieces`, () => {
      fc.assert(
        fc.property(arbitrary, fc.array(fc.nat(), { maxLength: 8 }), (message, cuts) => {
          const frame = { session: 5, request: 0xffff_ffff, message };
          const bytes = bytesOf(frame);
          const want = plain([frame]);
          expect(plain(decodeAll([bytes]))).toEqual(want);
          expect(plain(decodeAll([...bytes].map((byte) => Uint8Array.of(byte))))).toEqual(want);
          expect(plain(decodeAll(splitAt(bytes, cuts)))).toEqual(want);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('comes back in order from one stream in random pieces', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryFrame, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(bytesOf));
          expect(plain(decodeAll(splitAt(bytes, cuts)))).toEqual(plain(frames));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is taken by one direction only', () => {
    for (const decoding of bothDirections) {
      const wrong = toNodeMessages.some((known) => known.type === decoding.type) ? toProxyMessages : toNodeMessages;
      const decoder = new LinkDecoder<LinkMessage>({ messages: wrong, onFrame: () => {} });
      expect(() => decoder.push(rawFrame({ code: decoding.code }))).toThrow(LinkProtocolError);
    }
  });

  it('has a code of its own', () => {
    expect(new Set(bothDirections.map((decoding) => decoding.code)).size).toBe(15);
  });
});

describe('payloads', () => {
  it('go out as they are, not copied', () => {
    const payload = Uint8Array.of(1, 2, 3);
    expect(encodeFrame({ session: 1, request: 1, message: { type: 'chunk', checksum: 0, payload } })[1]).toBe(payload);
  });

  it('come in to the allocated buffer, allocated once and after the head', () => {
    const asked: [number, string][] = [];
    const slab = new Uint8Array(100);
    const got: LinkFrame[] = [];
    const decoder = new LinkDecoder({
      messages: toNodeMessages,
      allocatePayload: (length, type) => {
        asked.push([length, type]);
        return slab.subarray(10, 10 + length);
      },
      onFrame: (frame) => got.push(frame),
    });
    const bytes = bytesOf({
      session: 1,
      request: 2,
      message: { type: 'store', id, checksum: 9, payload: Buffer.from('abc') },
    });
    decoder.push(bytes.subarray(0, frameHeaderBytes + 10));
    expect(asked).toEqual([]);
    for (const byte of bytes.subarray(frameHeaderBytes + 10)) decoder.push(Uint8Array.of(byte));
    expect(asked).toEqual([[3, 'store']]);
    expect(Buffer.from(slab.subarray(9, 14)).toString('latin1')).toBe('\0abc\0');
    expect(got).toHaveLength(1);
  });

  it('are not copied when they were read to the target', () => {
    const slab = new Uint8Array(70_000);
    const got: LinkFrame[] = [];
    const decoder = new LinkDecoder({
      messages: toNodeMessages,
      allocatePayload: () => slab,
      onFrame: (frame) => got.push(frame),
    });
    const payload = Buffer.alloc(slab.length, 'payload ');
    const bytes = bytesOf({ session: 1, request: 2, message: { type: 'store', id, checksum: 9, payload } });
    expect(decoder.target()).toBeUndefined();
    const headBytes = bytes.length - payload.length;
    decoder.push(bytes.subarray(0, headBytes + 10));
    const target = decoder.target();
    expect([target?.byteOffset, target?.length]).toEqual([10, slab.length - 10]);
    target?.set(payload.subarray(10, 60_010));
    slab.set = () => {
      throw new Error('copied');
    };
    decoder.push(slab.subarray(10, 60_010));
    expect(decoder.target()).toBeUndefined();
    Reflect.deleteProperty(slab, 'set');
    decoder.push(bytes.subarray(headBytes + 60_010));
    expect(got.map(({ message }) => 'payload' in message && payload.equals(message.payload))).toEqual([true]);
  });

  it('are taken up to the limit and not a byte longer, before anything is allocated', () => {
    const frameOf = (length: number) =>
      bytesOf({ session: 1, request: 2, message: { type: 'chunk', checksum: 9, payload: new Uint8Array(length) } });
    expect(decodeAll([frameOf(1000)], 1000)).toHaveLength(1);
    const decoder = new LinkDecoder({
      messages: toProxyMessages,
      maxPayloadBytes: 1000,
      allocatePayload: () => {
        throw new Error('allocated');
      },
      onFrame: () => {},
    });
    expect(() => decoder.push(frameOf(1001))).toThrow(/1001 bytes of payload, the limit is 1000/);
  });
});

describe('what is malformed', () => {
  it('another version is told by the first byte', () => {
    expect(faultOf(Uint8Array.of(2))).toMatchObject({ fault: 'version', code: 'invalid' });
  });

  it.each([
    ['an unknown type', rawFrame({ code: 99 }), 'type'],
    ['type 0', rawFrame({ code: 0 }), 'type'],
    ['a payload where none belongs', rawFrame({ code: 11, payloadBytes: 1 }), 'payload'],
    ['a payload above the limit', rawFrame({ code: 6, head: new Uint8Array(4), payloadBytes: 0xffff_ffff }), 'payload'],
    ['a head that ends too early', rawFrame({ code: 9, head: new Uint8Array(3) }), 'head'],
    ['a head with bytes left', rawFrame({ code: 9, head: new Uint8Array(5) }), 'head'],
    ['a head where none belongs', rawFrame({ code: 11, head: new Uint8Array(65_535) }), 'head'],
    ['no head where one belongs', rawFrame({ code: 4, payloadBytes: 5 }), 'head'],
    ['too many chunks to evict', rawFrame({ code: 7, head: Buffer.from('0401', 'hex') }), 'head'],
    ['fewer chunks than counted', rawFrame({ code: 7, head: Buffer.from('000100', 'hex') }), 'head'],
    ['too many entries', rawFrame({ code: 10, head: Buffer.from('010401', 'hex') }), 'head'],
    ['a flag that is neither', rawFrame({ code: 10, head: Buffer.from('020000', 'hex') }), 'head'],
    ['an unknown refusal', rawFrame({ code: 3, head: Buffer.from('060000', 'hex') }), 'head'],
    ['an unknown failure', rawFrame({ code: 15, head: Buffer.from('070000', 'hex') }), 'head'],
    ['a text that is not UTF-8', rawFrame({ code: 15, head: Buffer.from('000002c328', 'hex') }), 'head'],
    [
      'a text longer than its limit',
      rawFrame({ code: 15, head: Buffer.from(`000401${'61'.repeat(1025)}`, 'hex') }),
      'head',
    ],
    ['an empty token', rawFrame({ code: 1, head: helloHead({ token: '00' }) }), 'head'],
    ['a token above its limit', rawFrame({ code: 1, head: helloHead({ token: `41${'00'.repeat(65)}` }) }), 'head'],
    ['an unknown link', rawFrame({ code: 1, head: helloHead({ link: '02' }) }), 'head'],
  ])('%s', (_what, bytes, fault) => {
    expect(faultOf(bytes).fault).toBe(fault);
  });

  it('stops the decoder after the good frames before it', () => {
    const frames: LinkFrame[] = [];
    const decoder = new LinkDecoder({ messages: toNodeMessages, onFrame: (frame) => frames.push(frame) });
    const ping = bytesOf({ session: 1, request: 2, message: { type: 'ping' } });
    expect(() => decoder.push(Buffer.concat([ping, rawFrame({ code: 200 }), ping]))).toThrow(LinkProtocolError);
    decoder.push(ping);
    expect(frames).toHaveLength(1);
  });

  it('is never sent: a field beyond its limit throws and says so', () => {
    const ids = Array.from({ length: maxChunksPerFrame + 1 }, () => id);
    const encode = (message: LinkMessage) => () => encodeFrame({ session: 1, request: 1, message });
    expect(encode({ type: 'evict', ids })).toThrow(/1025 chunks, the limit per frame is 1024/);
    expect(encode({ type: 'evict', ids: ids.slice(1) })).not.toThrow();
    const load = { type: 'load', id, checksum: 1, etag: '"e"', offset: 0, lengthBytes: 1 } as const;
    expect(encode({ ...load, storeName: 'x'.repeat(4097) })).toThrow(/4097 bytes, the limit is 4096/);
    expect(encode({ ...load, storeName: '\ud800' })).toThrow(/well-formed/);
    const entries = ids.map((each) => ({ id: each, lengthBytes: 1, checksum: 1 }));
    expect(encode({ type: 'manifest', entries, more: false })).toThrow(/1025 entries/);
  });

  it('a text for people is cut at a character instead', () => {
    const message = '€'.repeat(600);
    const [frame] = decodeAll([
      bytesOf({ session: 1, request: 1, message: { type: 'failed', code: 'busy', message } }),
    ]);
    expect(frame?.message).toEqual({
      type: 'failed',
      code: 'busy',
      message: '€'.repeat(Math.floor(maxReasonBytes / 3)),
    });
  });
});

describe('random bytes', () => {
  it('throw nothing but the protocol error and never allocate beyond the limit', () => {
    const limit = 4096;
    // Half of the streams start like good frames, or the fuzz would hardly pass the version byte.
    const header = fc
      .tuple(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 5000 }))
      .map(([code, headBytes, payloadBytes]) => {
        const bytes = rawFrame({ code, payloadBytes });
        bytes.writeUInt16BE(headBytes, 2);
        return bytes;
      });
    const piece = fc.oneof(fc.uint8Array({ maxLength: 200 }), header, arbitraryFrame.map(bytesOf));
    let faults = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const decoder = new LinkDecoder<LinkMessage>({
          messages: bothDirections,
          maxPayloadBytes: limit,
          allocatePayload: (length) => {
            if (length < 1 || length > limit) throw new Error(`asked for ${length} bytes`);
            return new Uint8Array(length);
          },
          onFrame: () => {},
        });
        try {
          for (const bytes of pieces) decoder.push(bytes);
        } catch (thrown) {
          if (!(thrown instanceof LinkProtocolError)) throw thrown;
          faults += 1;
        }
      }),
      { numRuns: 2000 },
    );
    expect(faults).toBeGreaterThan(200);
  });
});

/** A hello's head with some fields replaced, as hexadecimal text. */
function helloHead(fields: { link?: string; token?: string }): Buffer {
  const token = fields.token ?? '01aa';
  const start = `01${fields.link ?? '00'}00016e${'00'.repeat(16)}00000001${token}`;
  return Buffer.from(start + '00'.repeat(18 + 6), 'hex');
}

it('the hello of these tests is good but for what they replace', () => {
  expect(decodeAll([rawFrame({ code: 1, head: helloHead({}) })])).toHaveLength(1);
});
