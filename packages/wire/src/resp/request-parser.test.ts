import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RespProtocolError } from './protocol-error.ts';
import { type LargeArgumentPolicy, type RequestEvent, type RequestLimits, RequestParser } from './request-parser.ts';

const smallLimits: RequestLimits = {
  maxArguments: 64,
  maxBulkBytes: 4096,
  maxLineBytes: 64,
  streamThresholdBytes: 100,
  pieceBytes: 32,
  maxBufferedBytes: 1500,
};

/** Those that the proxy has by default. */
const usualLimits: RequestLimits = {
  maxArguments: 1024 * 1024,
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  streamThresholdBytes: 64 * 1024,
  pieceBytes: 256 * 1024,
  maxBufferedBytes: 64 * 1024 * 1024,
};

/** SET's value may come as pieces, as in the front. */
const setStreams: LargeArgumentPolicy = {
  streams: (args) => args.length === 2 && args[0]?.toString('latin1').toLowerCase() === 'set',
  admits: () => true,
  allocatePiece: (bytes) => Buffer.alloc(bytes),
};

function encode(args: readonly (string | Uint8Array)[]): Buffer {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = Buffer.from(argument);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** The key of the GET that comes next, by peeking and by reading; undefined when either finds something else. */
function nextGets(parser: RequestParser): readonly (string | undefined)[] {
  const peeked = parser.peekGet(64);
  const event = parser.next();
  const isGet = event?.kind === 'command' && event.args.length === 2 && /^get$/i.test(event.args[0]?.toString() ?? '');
  return [peeked, isGet && event.kind === 'command' ? event.args[1]?.toString('latin1') : undefined];
}

describe('a peek for a GET', () => {
  it('finds what is read then, and reads nothing', () => {
    const piece = fc.constantFrom(
      '*2\r\n',
      '$3\r\n',
      'GET\r\n',
      'get\r\n',
      '$1\r\n',
      'k\r\n',
      '$01\r\n',
      '$0\r\n',
      '\r\n',
      'GET k\r\n',
    );
    const whole = fc
      .tuple(fc.constantFrom('GET', 'gEt', 'SET', 'GETS'), fc.string({ maxLength: 70 }))
      .map((args) => encode(args).toString('latin1'));
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, whole), { maxLength: 8 }), (texts) => {
        const parser = new RequestParser(usualLimits, setStreams);
        parser.feed(Buffer.from(texts.join(''), 'latin1'));
        try {
          for (let before = -1; before !== parser.waitingBytes; ) {
            before = parser.waitingBytes;
            const [peeked, read] = nextGets(parser);
            if (peeked !== undefined) expect(peeked).toBe(read);
          }
        } catch (error) {
          if (!(error instanceof RespProtocolError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes names in any case, and passes over exactly that command', () => {
    const parser = new RequestParser(usualLimits, setStreams);
    parser.feed(Buffer.concat([encode(['GET', 'one']), encode(['get', 'two']), encode(['PING'])]));
    for (const key of ['one', 'two']) {
      expect(parser.peekGet(3)).toBe(key);
      parser.passPeeked();
    }
    expect(parser.peekGet(3)).toBeUndefined();
    expect(parser.next()).toMatchObject({ kind: 'command', argumentCount: 1 });
  });

  it.each([
    ['a key that is too long', encode(['GET', 'four'])],
    ['what is not whole', encode(['GET', 'k']).subarray(0, -1)],
    ['an empty key', encode(['GET', ''])],
    ['an inline command', Buffer.from('GET k\r\n')],
  ])('leaves %s to be read', (_, bytes) => {
    const parser = new RequestParser(usualLimits, setStreams);
    parser.feed(bytes);
    expect([parser.peekGet(3), parser.waitingBytes]).toEqual([undefined, bytes.length]);
  });
});

/** Feeds `bytes` in parts that end at `cuts`, from a buffer that is overwritten after each feed. */
function readAll(bytes: Uint8Array, cuts: readonly number[], limits: RequestLimits, stopEvery = 0): RequestEvent[] {
  const parser = new RequestParser(limits, setStreams);
  const events: RequestEvent[] = [];
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    const lent = Buffer.from(bytes.subarray(start, end));
    parser.feed(lent);
    for (let taken = 1; ; taken += 1) {
      const event = parser.next();
      if (event === undefined) break;
      events.push(event);
      if (stopEvery > 0 && taken % stopEvery === 0) {
        parser.release();
        lent.fill(0xee);
      }
    }
    parser.release();
    lent.fill(0xee);
    start = end;
  }
  return events;
}

/** One record per command, however its value travelled. */
function commandsOf(events: readonly RequestEvent[]): { args: string[]; skippedBytes: number; streamed: boolean }[] {
  const commands: { args: string[]; skippedBytes: number; streamed: boolean }[] = [];
  let open: { args: string[]; pieces: Buffer[] } | undefined;
  for (const event of events) {
    if (event.kind === 'command') {
      commands.push({ args: event.args.map(latin1), skippedBytes: event.skippedBytes, streamed: false });
    } else if (event.kind === 'opening') {
      open = { args: event.args.map(latin1), pieces: [] };
    } else if (event.kind === 'piece') {
      open?.pieces.push(event.bytes);
    } else {
      const value = latin1(Buffer.concat(open?.pieces ?? []));
      const args = [...(open?.args ?? []), value, ...event.args.map(latin1)];
      commands.push({ args, skippedBytes: event.skippedBytes, streamed: true });
      open = undefined;
    }
  }
  return commands;
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function everyByte(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1);
}

describe('RequestParser', () => {
  const value = Buffer.from(Array.from({ length: 333 }, (_, index) => index % 256));
  const session = Buffer.concat([
    encode(['PING']),
    Buffer.from('PING\r\n'),
    Buffer.from('\r\n*0\r\n*-1\r\n'),
    Buffer.from("set \"a b\\x00\\n\" 'it\\'s'\n"),
    encode(['SET', 'key', '']),
    encode(['SET', Buffer.from([0, 13, 10, 255]), value, 'EX', '10']),
    encode(['ECHO', value]),
    encode(['GET', 'key']),
  ]);
  const expected = [
    ['PING'],
    ['PING'],
    ['set', 'a b\0\n', "it's"],
    ['SET', 'key', ''],
    ['SET', '\0\r\n\xff', latin1(value), 'EX', '10'],
    ['ECHO', latin1(value)],
    ['GET', 'key'],
  ];

  it('reads a session whole', () => {
    const commands = commandsOf(readAll(session, [], smallLimits));
    expect(commands.map((command) => command.args)).toEqual(expected);
    expect(commands.map((command) => command.streamed)).toEqual([false, false, false, false, true, false, false]);
  });

  it('reads a session byte by byte', () => {
    const commands = commandsOf(readAll(session, everyByte(session), smallLimits));
    expect(commands.map((command) => command.args)).toEqual(expected);
  });

  it('reads a session in any pieces, stopping anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: session.length })), fc.nat(3), (cuts, stopEvery) => {
        const sorted = [...cuts].sort((a, b) => a - b);
        const commands = commandsOf(readAll(session, sorted, smallLimits, stopEvery));
        expect(commands.map((command) => command.args)).toEqual(expected);
      }),
    );
  });

  it('gives back any commands of any bytes', () => {
    const argument = fc.uint8Array({ maxLength: 200 });
    const command = fc.array(argument, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), fc.array(fc.nat(2000)), (commands, cuts) => {
        const bytes = Buffer.concat(commands.map(encode));
        const sorted = cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
        const read = commandsOf(readAll(bytes, sorted, { ...smallLimits, maxBufferedBytes: 2000 }));
        expect(read.map(({ args }) => args)).toEqual(
          commands.map((args) => args.map((one) => latin1(Buffer.from(one)))),
        );
      }),
    );
  });

  it('announces a large value before its bytes, and gives arguments behind it at the end', () => {
    const events = readAll(encode(['SET', 'key', value, 'EX', '10']), [], smallLimits);
    expect(events[0]).toMatchObject({ kind: 'opening', argumentCount: 5, valueBytes: 333 });
    const sizes = events.flatMap((event) => (event.kind === 'piece' ? [event.bytes.length] : []));
    expect(sizes).toEqual([...Array.from({ length: 10 }, () => 32), 13]);
    expect(events.at(-1)).toMatchObject({ kind: 'closing', args: [Buffer.from('EX'), Buffer.from('10')] });
  });

  it('passes over what exceeds the memory of one command, and tells how much', () => {
    const big = Buffer.alloc(600, 1);
    const bytes = Buffer.concat([encode(['MSET', 'a', big, 'b', big, 'c', 'd']), encode(['PING'])]);
    for (const cuts of [[], everyByte(bytes)]) {
      expect(commandsOf(readAll(bytes, cuts, smallLimits))).toEqual([
        { args: ['MSET', 'a', latin1(big), 'b'], skippedBytes: 602 + 3 * 128, streamed: false },
        { args: ['PING'], skippedBytes: 0, streamed: false },
      ]);
    }
  });

  it('counts what arguments cost beside their bytes', () => {
    const bytes = encode(['MGET', ...Array.from({ length: 20 }, () => '')]);
    expect(commandsOf(readAll(bytes, [], smallLimits))).toEqual([
      { args: ['MGET', ...Array.from({ length: 10 }, () => '')], skippedBytes: 10 * 128, streamed: false },
    ]);
  });

  it('asks before it keeps much in small arguments, and says what was admitted', () => {
    const asked: number[] = [];
    const policy = { ...setStreams, streams: () => false, admits: (bytes: number) => asked.push(bytes) > 0 };
    const limits = { ...smallLimits, streamThresholdBytes: 300 };
    const parser = new RequestParser(limits, policy);
    parser.feed(encode(['MGET', 'a', 'b', 'c']));
    expect(parser.next()).toMatchObject({ kind: 'command', skippedBytes: 0, admittedBytes: 4 * 128 + 7 });
    expect(asked).toEqual([3 * 128 + 6, 128 + 1]);
  });

  it('asks before it keeps a large argument, and says what was admitted', () => {
    const asked: number[] = [];
    const policy = { ...setStreams, streams: () => false, admits: (bytes: number) => asked.push(bytes) < 2 };
    const parser = new RequestParser(smallLimits, policy);
    const costBytes = 333 + 128;
    parser.feed(encode([value]));
    expect(parser.next()).toMatchObject({ kind: 'command', skippedBytes: 0, admittedBytes: costBytes });
    parser.feed(encode([value]));
    expect(parser.next()).toMatchObject({ kind: 'command', skippedBytes: costBytes, admittedBytes: 0 });
    expect(asked).toEqual([costBytes, costBytes]);
  });

  const broken: [string, string, string][] = [
    ['a bulk string without $', '*1\r\n:3\r\nfoo\r\n', "Protocol error: expected '$', got ':'"],
    ['a count that is no number', '*x\r\n', 'Protocol error: invalid multibulk length'],
    ['an empty count', '*\r\n', 'Protocol error: invalid multibulk length'],
    ['a count with a sign', '*+1\r\n', 'Protocol error: invalid multibulk length'],
    ['a count with a leading zero', '*01\r\n', 'Protocol error: invalid multibulk length'],
    ['too many arguments', '*65\r\n', 'Protocol error: invalid multibulk length'],
    ['a count beyond all numbers', '*99999999999999999999\r\n', 'Protocol error: invalid multibulk length'],
    ['a negative length', '*1\r\n$-1\r\n', 'Protocol error: invalid bulk length'],
    ['a length with a space', '*1\r\n$ 1\r\n', 'Protocol error: invalid bulk length'],
    ['a length over the limit', '*1\r\n$4097\r\n', 'Protocol error: invalid bulk length'],
    ['a minus zero', '*1\r\n$-0\r\n', 'Protocol error: invalid bulk length'],
    ['an endless inline command', 'a'.repeat(65), 'Protocol error: too big inline request'],
    ['a count without an end', `*${'1'.repeat(65)}`, 'Protocol error: too big mbulk count string'],
    ['a length without an end', `*1\r\n$${'1'.repeat(65)}`, 'Protocol error: too big bulk count string'],
    ['an open quote', 'SET "a\r\n', 'Protocol error: unbalanced quotes in request'],
    ['a quote that ends within a word', 'SET "a"b\r\n', 'Protocol error: unbalanced quotes in request'],
  ];
  it.each(broken)('refuses %s', (_name, text, message) => {
    const bytes = Buffer.from(text);
    for (const cuts of [[], everyByte(bytes)]) {
      expect(() => readAll(bytes, cuts, smallLimits)).toThrow(new RespProtocolError(message));
    }
  });

  it('throws nothing but protocol errors, and the same events however bytes are cut', () => {
    const grammar = fc.oneof(
      fc.constantFrom('*', '$', '\r\n', '-1', '0', '1', '3', 'SET', '"', "'", '\\x4', ' ', '\n', '\r', '99999999999'),
      fc.uint8Array({ maxLength: 4 }).map(latin1FromBytes),
      fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 4 }).map((args) => latin1(encode(args))),
    );
    fc.assert(
      fc.property(fc.array(grammar, { maxLength: 40 }), (tokens) => {
        const bytes = Buffer.from(tokens.join(''), 'latin1');
        const whole = outcome(bytes, []);
        const single = outcome(bytes, everyByte(bytes));
        expect(single).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes memory for what arrived, not for what was announced', () => {
    const parsers: RequestParser[] = [];
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 100; index += 1) {
      const parser = new RequestParser(usualLimits, setStreams);
      parser.feed(Buffer.from('*2\r\n$4\r\nECHO\r\n$67000000\r\nabc'));
      expect(parser.next()).toBeUndefined();
      parser.release();
      parsers.push(parser);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 64 * 1024);
    expect(parsers.every((parser) => parser.midCommand)).toBe(true);
  });

  it('a streamed value comes whole, wherever its bytes were read to', () => {
    const value = Buffer.alloc(700_000, 'sixteen letters.');
    const request = Buffer.concat([encode(['SET', 'k', value]), encode(['GET', 'k'])]);
    const oddPieces = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 });
    let inPlaceBytes = 0;
    fc.assert(
      fc.property(oddPieces, (lengths) => {
        const parser = new RequestParser(usualLimits, setStreams);
        const events: RequestEvent[] = [];
        for (let at = 0, turn = 0; at < request.length; turn++) {
          const lengthBytes = Math.min(lengths[turn % lengths.length] ?? 1, request.length - at);
          const target = parser.target()?.subarray(0, lengthBytes);
          const bytes = request.subarray(at, at + (target?.length ?? lengthBytes));
          target?.set(bytes);
          inPlaceBytes += target?.length ?? 0;
          parser.feed(target ?? Buffer.from(bytes));
          for (let event = parser.next(); event !== undefined; event = parser.next()) events.push(event);
          parser.release();
          at += bytes.length;
        }
        const pieces = events.flatMap((event) => (event.kind === 'piece' ? [event.bytes] : []));
        expect(Buffer.concat(pieces).equals(value)).toBe(true);
        expect(events.at(-1)).toMatchObject({ kind: 'command', argumentCount: 2 });
      }),
      { numRuns: 30 },
    );
    expect(inPlaceBytes).toBeGreaterThan(value.length);
  });

  it('keeps no more than one piece of a streamed value', () => {
    const parser = new RequestParser(usualLimits, setStreams);
    const valueBytes = 64 * 1024 * 1024;
    const chunk = Buffer.alloc(64 * 1024, 7);
    parser.feed(Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${valueBytes}\r\n`));
    expect(parser.next()).toMatchObject({ kind: 'opening', valueBytes });
    let bytes = 0;
    for (let fed = 0; fed < valueBytes; fed += chunk.length) {
      parser.feed(chunk);
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        if (event.kind === 'piece') bytes += event.bytes.length;
      }
      expect(parser.waitingBytes).toBe(0);
      parser.release();
    }
    expect(bytes).toBe(valueBytes);
    parser.feed(Buffer.from('\r\n'));
    expect(parser.next()).toEqual({ kind: 'closing', args: [], argumentCount: 3, skippedBytes: 0, admittedBytes: 0 });
    expect(parser.midCommand).toBe(false);
  });
});

function latin1FromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function outcome(bytes: Buffer, cuts: readonly number[]): unknown {
  const parser = new RequestParser(smallLimits, setStreams);
  const events: RequestEvent[] = [];
  let start = 0;
  try {
    for (const end of [...cuts, bytes.length]) {
      parser.feed(bytes.subarray(start, end));
      for (let event = parser.next(); event !== undefined; event = parser.next()) events.push(event);
      parser.release();
      start = end;
    }
  } catch (error) {
    if (!(error instanceof RespProtocolError)) throw error;
    return { commands: commandsOf(events), error: error.message };
  }
  return { commands: commandsOf(events) };
}
