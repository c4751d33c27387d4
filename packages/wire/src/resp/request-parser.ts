/**
 * Reads Redis commands from a stream of bytes, by offsets, however the stream is cut into pieces. It owns the grammar
 * and its bounds; it knows no command. It never keeps a view of the bytes it is fed: an argument is copied once, into
 * memory of its own, and a large value leaves piece by piece, so that memory stays bounded whatever a client announces.
 *
 *     request  = array | inline
 *     array    = "*" count CRLF count*( "$" length CRLF length*BYTE 2*BYTE )     ; count <= 0: nothing
 *     inline   = words LF                                                        ; see inline.ts
 *
 * It is long because each state of that grammar reads and leaves the same few fields.
 *
 * As in Redis, the two bytes behind a bulk string are skipped unseen, and lengths are plain decimals without sign,
 * space or leading zero.
 */
import { DecimalLine } from './decimal-line.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { splitInline } from './inline.ts';
import { protocolErrors, RespProtocolError } from './protocol-error.ts';

/** What a request may take. */
export interface RequestLimits {
  /** Arguments of one command, its name included. */
  readonly maxArguments: number;
  /** One bulk string, Redis's `proto-max-bulk-len`. */
  readonly maxBulkBytes: number;
  /** An inline command, or a line with a count. */
  readonly maxLineBytes: number;
  /** A longer value is handed out as pieces where the command takes that. */
  readonly streamThresholdBytes: number;
  /** Size of these pieces; the last one is shorter. */
  readonly pieceBytes: number;
  /** All arguments of one command that are kept in memory; what goes beyond is skipped and told. */
  readonly maxBufferedBytes: number;
}

/** The arguments of a command, or of its end; all bytes are the receiver's to keep. */
export interface RequestArguments {
  readonly args: readonly Buffer[];
  /** Of the whole command, also of what `args` leaves out. */
  readonly argumentCount: number;
  /** > 0: arguments that may not be kept in memory were passed over; `args` ends before the first of them. */
  readonly skippedBytes: number;
  /** Bytes that the policy admitted for this command. */
  readonly admittedBytes: number;
}

/** What was read. */
export type RequestEvent =
  | ({ readonly kind: 'command' } & RequestArguments)
  /** A command whose next argument is a large value: `args` so far, of `argumentCount` in all. Pieces follow. */
  | {
      readonly kind: 'opening';
      readonly args: readonly Buffer[];
      readonly argumentCount: number;
      readonly valueBytes: number;
    }
  | { readonly kind: 'piece'; readonly bytes: Buffer }
  /** The opened command is complete; `args` are those behind the large value. */
  | ({ readonly kind: 'closing' } & RequestArguments);

/** What the parser asks its owner about arguments longer than `streamThresholdBytes`. */
export interface LargeArgumentPolicy {
  /** Shall the next argument of the command that begins with `args` come as pieces? */
  streams(args: readonly Buffer[], argumentCount: number): boolean;
  /** May this many bytes be kept in memory for an argument that does not? They count in the command's `admittedBytes`. */
  admits(bytes: number): boolean;
  /** Memory of this length for a piece, which is the piece's receiver's then. */
  allocatePiece(bytes: number): Buffer;
}

type State = 'start' | 'inline' | 'count' | 'counted' | 'dollar' | 'length' | 'measured' | 'payload' | 'argument-end';

const carriageReturn = 0x0d;
/** Of CR LF. */
const lineEndBytes = 2;
const lineFeed = 0x0a;
const asterisk = 0x2a;
const dollar = 0x24;
/** What an argument costs beside its bytes: a million empty ones are not for nothing. */
const argumentCostBytes = 128;
const noBytes = Buffer.alloc(0);
/** How a plain GET begins: its name may be in any case, everything else is as clients write it. */
const getHead = Buffer.from('*2\r\n$3\r\nget\r\n$');
const getNameAt = getHead.indexOf('get');
const getNameEnd = getNameAt + 'get'.length;
const lowerCaseBit = 0x20;
const zero = 0x30;
const nine = 0x39;
/** First allocation for bytes whose end is not in sight: what is announced may never come. */
const firstGrowthBytes = 16 * 1024;
const firstLineBytes = 256;
/** Shorter rests of a value are not worth a read of their own. */
const leastTargetBytes = 16 * 1024;

/** See the module. `feed`, then `next` until it gives nothing (or you want no more for now), then `release`. */
export class RequestParser {
  readonly #limits: RequestLimits;
  readonly #policy: LargeArgumentPolicy;

  #chunk: Buffer = noBytes;
  #at = 0;
  #chunkIsOwn = true;

  #state: State = 'start';
  /** Bytes to pass over unseen before the state goes on. */
  #skip = 0;

  /** Where the GET ends that was peeked at. */
  #peekedEnd = 0;

  #decimal = new DecimalLine();
  #line = new GrowingBytes(firstLineBytes);

  #args: Buffer[] = [];
  #missing = 0;
  #argumentCount = 0;
  #opened = false;
  #bufferedBytes = 0;
  #skippedBytes = 0;
  #admittedBytes = 0;

  #disposal: 'keep' | 'stream' | 'skip' = 'keep';
  #remaining = 0;
  #kept = new GrowingBytes(firstGrowthBytes);
  #piece: Buffer = noBytes;
  #pieceFill = 0;

  constructor(limits: RequestLimits, policy: LargeArgumentPolicy) {
    this.#limits = limits;
    this.#policy = policy;
  }

  /** True between the first byte of a command and its last. */
  get midCommand(): boolean {
    return this.#state !== 'start';
  }

  /** True between an `opening` and its `closing`. */
  get midStream(): boolean {
    return this.#opened;
  }

  /** Bytes that the policy admitted for the command that is being read; its owner's to give back on a disconnect. */
  get admittedBytes(): number {
    return this.#admittedBytes;
  }

  /** Bytes that were fed and not yet read. */
  get waitingBytes(): number {
    return this.#chunk.length - this.#at;
  }

  /** About what a command that is not whole keeps in memory, with what waits to be read. */
  get keptBytes(): number {
    if (this.#state === 'start') return this.waitingBytes;
    return this.waitingBytes + (this.#state === 'inline' ? this.#line.length : this.#bufferedBytes);
  }

  /** Where the next bytes belong, when they are those of a large value and nothing else waits to be read. */
  target(): Uint8Array | undefined {
    if (this.#state !== 'payload' || this.#disposal !== 'stream' || this.waitingBytes > 0) return undefined;
    if (this.#remaining < leastTargetBytes) return undefined;
    return this.#openPiece().subarray(this.#pieceFill);
  }

  /** Adds bytes; they are read in place until `release`. */
  feed(bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.waitingBytes === 0) {
      this.#chunk = view;
      this.#chunkIsOwn = false;
    } else {
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), view]);
      this.#chunkIsOwn = true;
    }
    this.#at = 0;
  }

  /** Lets go of the bytes that were fed, copying what is still unread. Call it before the fed memory changes. */
  release(): void {
    if (this.waitingBytes === 0) this.#chunk = noBytes;
    else if (!this.#chunkIsOwn) this.#chunk = Buffer.from(this.#chunk.subarray(this.#at));
    else return;
    this.#at = 0;
    this.#chunkIsOwn = true;
  }

  /**
   * The key when the next command is a GET in its usual form, all of it is there, and its key is not longer than that;
   * nothing is read by this. Any other command is `undefined`, also a GET in an unusual form.
   */
  peekGet(maxKeyBytes: number): string | undefined {
    const chunk = this.#chunk;
    let at = this.#at;
    if (this.#state !== 'start' || this.#skip > 0 || chunk.length - at < getHead.length) return undefined;
    for (let step = 0; step < getHead.length; step++, at++) {
      const isName = step >= getNameAt && step < getNameEnd;
      if (((chunk[at] ?? 0) | (isName ? lowerCaseBit : 0)) !== getHead[step]) return undefined;
    }
    let length = 0;
    for (; chunk[at] !== carriageReturn; at++) {
      const digit = chunk[at] ?? 0;
      if (digit < zero || digit > nine || (length === 0 && digit === zero)) return undefined;
      length = length * 10 + digit - zero;
      if (length > maxKeyBytes) return undefined;
    }
    const start = at + lineEndBytes;
    const end = start + length;
    if (length === 0 || end + lineEndBytes > chunk.length) return undefined;
    this.#peekedEnd = end + lineEndBytes;
    return chunk.toString('latin1', start, end);
  }

  /** Reads the GET that was peeked at last, and nothing after it. */
  passPeeked(): void {
    this.#at = this.#peekedEnd;
  }

  /** The next event, or undefined when more bytes are needed. Throws {@link RespProtocolError}; it is over then. */
  next(): RequestEvent | undefined {
    for (;;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, this.waitingBytes);
        this.#skip -= skipped;
        this.#at += skipped;
        if (this.#skip > 0) return undefined;
      }
      const step = this.#step();
      if (step === 'starved') return undefined;
      if (step !== 'on') return step;
    }
  }

  #step(): RequestEvent | 'on' | 'starved' {
    switch (this.#state) {
      case 'start':
        return this.#begin();
      case 'inline':
        return this.#readInline();
      case 'count':
        return this.#readDecimal('counted', protocolErrors.bigMultibulkCount);
      case 'counted':
        return this.#takeCount();
      case 'dollar':
        return this.#readDollar();
      case 'length':
        return this.#readDecimal('measured', protocolErrors.bigBulkCount);
      case 'measured':
        return this.#takeLength();
      case 'payload':
        return this.#readPayload();
      case 'argument-end':
        return this.#endArgument();
    }
  }

  #begin(): 'on' | 'starved' {
    if (this.#at >= this.#chunk.length) return 'starved';
    if (this.#chunk[this.#at] === asterisk) {
      this.#at += 1;
      this.#decimal.reset();
      this.#state = 'count';
    } else {
      this.#state = 'inline';
    }
    return 'on';
  }

  #readInline(): RequestEvent | 'on' | 'starved' {
    const end = this.#chunk.indexOf(lineFeed, this.#at);
    const until = end < 0 ? this.#chunk.length : end;
    if (this.#line.length + until - this.#at > this.#limits.maxLineBytes) {
      throw new RespProtocolError(protocolErrors.bigInline);
    }
    this.#line.append(this.#chunk, this.#at, until, this.#limits.maxLineBytes);
    this.#at = end < 0 ? until : until + 1;
    if (end < 0) return 'starved';
    const line = this.#line.take();
    this.#state = 'start';
    const args = splitInline(line.at(-1) === carriageReturn ? line.subarray(0, -1) : line);
    if (args === undefined) throw new RespProtocolError(protocolErrors.unbalancedQuotes);
    if (args.length === 0) return 'on';
    return { kind: 'command', args, argumentCount: args.length, skippedBytes: 0, admittedBytes: 0 };
  }

  #readDecimal(then: State, tooBig: string): 'on' | 'starved' {
    const end = this.#decimal.read(this.#chunk, this.#at);
    if (this.#decimal.length > this.#limits.maxLineBytes) throw new RespProtocolError(tooBig);
    this.#at = end;
    if (!this.#decimal.ended) return 'starved';
    this.#state = then;
    this.#skip = 1;
    return 'on';
  }

  #takeCount(): 'on' {
    const count = this.#decimal.value;
    if (count === undefined || count > this.#limits.maxArguments) {
      throw new RespProtocolError(protocolErrors.multibulkLength);
    }
    this.#args = [];
    this.#argumentCount = count;
    this.#missing = count;
    this.#bufferedBytes = 0;
    this.#skippedBytes = 0;
    this.#state = count <= 0 ? 'start' : 'dollar';
    return 'on';
  }

  #readDollar(): 'on' | 'starved' {
    const byte = this.#chunk[this.#at];
    if (byte === undefined) return 'starved';
    if (byte !== dollar) throw new RespProtocolError(protocolErrors.expectedDollar(byte));
    this.#at += 1;
    this.#decimal.reset();
    this.#state = 'length';
    return 'on';
  }

  #takeLength(): RequestEvent | 'on' {
    const length = this.#decimal.value;
    if (length === undefined || length < 0 || length > this.#limits.maxBulkBytes) {
      throw new RespProtocolError(protocolErrors.bulkLength);
    }
    this.#remaining = length;
    this.#state = 'payload';
    const isLarge = length > this.#limits.streamThresholdBytes;
    if (isLarge && this.#skippedBytes === 0 && !this.#opened) {
      const args = this.#args;
      if (this.#policy.streams(args, this.#argumentCount)) {
        this.#disposal = 'stream';
        this.#opened = true;
        this.#args = [];
        return { kind: 'opening', args, argumentCount: this.#argumentCount, valueBytes: length };
      }
    }
    const costBytes = length + argumentCostBytes;
    this.#disposal = this.#mayKeep(costBytes) ? 'keep' : 'skip';
    if (this.#disposal === 'keep') this.#bufferedBytes += costBytes;
    else this.#skippedBytes += costBytes;
    return 'on';
  }

  /** A command that keeps much in all is admitted for all that it keeps. */
  #mayKeep(costBytes: number): boolean {
    const keptBytes = this.#bufferedBytes + costBytes;
    if (this.#skippedBytes > 0 || keptBytes > this.#limits.maxBufferedBytes) return false;
    if (keptBytes <= this.#limits.streamThresholdBytes) return true;
    const missingBytes = keptBytes - this.#admittedBytes;
    if (!this.#policy.admits(missingBytes)) return false;
    this.#admittedBytes += missingBytes;
    return true;
  }

  #readPayload(): RequestEvent | 'on' | 'starved' {
    const start = this.#at;
    const end = Math.min(start + this.#remaining, this.#chunk.length);
    if (this.#disposal === 'stream') return this.#readPiece(start, end);
    if (this.#disposal === 'keep') this.#kept.append(this.#chunk, start, end, this.#kept.length + this.#remaining);
    return this.#pass(end);
  }

  #pass(end: number): 'on' | 'starved' {
    this.#remaining -= end - this.#at;
    this.#at = end;
    if (this.#remaining > 0) return 'starved';
    this.#state = 'argument-end';
    this.#skip = 2;
    return 'on';
  }

  #readPiece(start: number, end: number): RequestEvent | 'on' | 'starved' {
    const piece = this.#openPiece();
    const until = Math.min(end, start + piece.length - this.#pieceFill);
    const isThere =
      this.#chunk.buffer === piece.buffer && this.#chunk.byteOffset + start === piece.byteOffset + this.#pieceFill;
    if (!isThere) this.#chunk.copy(piece, this.#pieceFill, start, until);
    this.#pieceFill += until - start;
    const step = this.#pass(until);
    if (this.#pieceFill < this.#piece.length) return step;
    const bytes = this.#piece;
    this.#piece = noBytes;
    return { kind: 'piece', bytes };
  }

  #openPiece(): Buffer {
    if (this.#piece.length === 0) {
      this.#piece = this.#policy.allocatePiece(Math.min(this.#remaining, this.#limits.pieceBytes));
      this.#pieceFill = 0;
    }
    return this.#piece;
  }

  #endArgument(): RequestEvent | 'on' {
    if (this.#disposal === 'keep') this.#args.push(this.#kept.take());
    this.#missing -= 1;
    if (this.#missing > 0) {
      this.#state = 'dollar';
      return 'on';
    }
    this.#state = 'start';
    const kind = this.#opened ? 'closing' : 'command';
    const args = this.#args;
    const admittedBytes = this.#admittedBytes;
    this.#opened = false;
    this.#args = [];
    this.#admittedBytes = 0;
    return { kind, args, argumentCount: this.#argumentCount, skippedBytes: this.#skippedBytes, admittedBytes };
  }
}
