/**
 * Frames on their way in: a state machine over pushed bytes.
 *
 * | state   | gathers                             | then                                              |
 * |---------|-------------------------------------|---------------------------------------------------|
 * | header  | 16 bytes                            | checks version, type and lengths → head           |
 * | head    | as many bytes as the header says    | builds the message, allocates its payload → payload |
 * | payload | straight into the allocated buffer  | gives the frame out → header                      |
 * | stopped | nothing                             |                                                   |
 *
 * It holds at most one header, one head and one payload. Payload bytes that were read to the {@link LinkDecoder.target} are
 * there already, all others are copied. It never keeps a view of pushed bytes, never allocates for a
 * frame before its header was found good, nor for a payload before its head was. The first fault stops it for good.
 */
import type { MessageDecoding } from './codec.ts';
import { HeadReader } from './head-reader.ts';
import { defaultMaxPayloadBytes, frameHeaderBytes, linkProtocolVersion } from './limits.ts';
import { LinkProtocolError } from './link-protocol-error.ts';
import type { LinkFrame, LinkMessage, MessageDecodings } from './message.ts';

/** What a decoder is made of. */
export interface LinkDecoderOptions<M extends LinkMessage> {
  /** The direction: `toNodeMessages` or `toProxyMessages`; any other type is a fault. */
  readonly messages: MessageDecodings<M>;
  /** Called for each frame, in order, within `push`; the frame and its payload are the receiver's. */
  readonly onFrame: (frame: LinkFrame<M>) => void;
  /** The longest payload taken. Default 16 MiB. */
  readonly maxPayloadBytes?: number;
  /**
   * Where a payload of exactly `length` bytes (≥ 1) goes; called once per payload, after the frame's head was found
   * good. What it gives must have that length; its old content is overwritten. Default: a fresh buffer of its own.
   */
  readonly allocatePayload?: (length: number, type: M['type']) => Uint8Array;
}

const noBytes = new Uint8Array(0);

/** Shorter rests of a payload are not worth a read of their own. */
const leastTargetBytes = 16 * 1024;

/** The receiving end of one link. */
export class LinkDecoder<M extends LinkMessage> {
  readonly #decodings: (MessageDecoding<M> | undefined)[] = [];
  readonly #onFrame: (frame: LinkFrame<M>) => void;
  readonly #maxPayloadBytes: number;
  readonly #allocatePayload: (length: number, type: M['type']) => Uint8Array;
  #state: 'header' | 'head' | 'payload' | 'stopped' = 'header';
  /** Header and head of the frame under way. */
  #gathered = Buffer.allocUnsafeSlow(frameHeaderBytes + 256);
  #filled = 0;
  #wanted = frameHeaderBytes;
  #decoding: MessageDecoding<M> | undefined;
  #message: M | undefined;
  #payload: Uint8Array = noBytes;

  constructor(options: LinkDecoderOptions<M>) {
    for (const decoding of options.messages) this.#decodings[decoding.code] = decoding;
    this.#onFrame = options.onFrame;
    this.#maxPayloadBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes;
    this.#allocatePayload = options.allocatePayload ?? ((length) => Buffer.allocUnsafeSlow(length));
  }

  /** True between frames: nothing of a next frame has arrived. */
  get idle(): boolean {
    return this.#state === 'header' && this.#filled === 0;
  }

  /** Where the next bytes of the stream belong, when that is worth reading them to just there. */
  target(): Uint8Array | undefined {
    const missingBytes = this.#payload.length - this.#filled;
    if (this.#state !== 'payload' || missingBytes < leastTargetBytes) return undefined;
    return this.#payload.subarray(this.#filled);
  }

  /**
   * Takes the next bytes of the stream, valid during the call only. Throws {@link LinkProtocolError} at the first fault,
   * after all good frames before it were given out; the link must then be closed. Does nothing once stopped.
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    try {
      while (at < bytes.length && this.#state !== 'stopped') {
        at += this.#state === 'payload' ? this.#takePayload(bytes, at) : this.#gather(bytes, at);
      }
    } catch (thrown) {
      this.stop();
      throw thrown;
    }
  }

  /** Ignores everything from now on, also what is left of the bytes being pushed; for a link that is being closed. */
  stop(): void {
    this.#state = 'stopped';
    this.#message = undefined;
    this.#payload = noBytes;
  }

  #gather(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.#wanted - this.#filled, bytes.length - at);
    this.#gathered.set(bytes.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled < this.#wanted) {
      // A peer of another version is told apart by its first byte, without waiting for a header of ours.
      this.#checkVersion();
      return taken;
    }
    if (this.#state === 'header') this.#beginHead();
    if (this.#state === 'head' && this.#filled === this.#wanted) this.#beginPayload();
    return taken;
  }

  #checkVersion(): void {
    const version = this.#gathered.readUInt8(0);
    if (version === linkProtocolVersion) return;
    throw new LinkProtocolError('version', `version ${version}, this side speaks ${linkProtocolVersion}`);
  }

  #beginHead(): void {
    this.#checkVersion();
    const code = this.#gathered.readUInt8(1);
    const decoding = this.#decodings[code];
    if (decoding === undefined) throw new LinkProtocolError('type', `type ${code} is not one this side takes`);
    const payloadBytes = this.#gathered.readUInt32BE(4);
    if (payloadBytes > 0 && !decoding.carriesPayload) {
      throw new LinkProtocolError('payload', `${decoding.type}: ${payloadBytes} bytes of payload where none belongs`);
    }
    if (payloadBytes > this.#maxPayloadBytes) {
      const limit = this.#maxPayloadBytes;
      throw new LinkProtocolError(
        'payload',
        `${decoding.type}: ${payloadBytes} bytes of payload, the limit is ${limit}`,
      );
    }
    this.#decoding = decoding;
    this.#wanted = frameHeaderBytes + this.#gathered.readUInt16BE(2);
    if (this.#wanted > this.#gathered.length) {
      const larger = Buffer.allocUnsafeSlow(this.#wanted);
      this.#gathered.copy(larger, 0, 0, this.#filled);
      this.#gathered = larger;
    }
    this.#state = 'head';
  }

  #beginPayload(): void {
    const decoding = this.#decoding;
    if (decoding === undefined) throw new Error('link decoder: a head without its type');
    const payloadBytes = this.#gathered.readUInt32BE(4);
    const allocate = () => {
      this.#payload = payloadBytes === 0 ? noBytes : this.#allocatePayload(payloadBytes, decoding.type);
      if (this.#payload.length !== payloadBytes) throw new Error('link decoder: a payload buffer of the wrong length');
      return this.#payload;
    };
    const head = new HeadReader(this.#gathered.subarray(frameHeaderBytes, this.#wanted), decoding.type, allocate);
    this.#message = decoding.decode(head);
    head.finish();
    if (payloadBytes === 0) return this.#giveOut();
    this.#state = 'payload';
    this.#filled = 0;
  }

  #takePayload(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.#payload.length - this.#filled, bytes.length - at);
    const isThere =
      bytes.buffer === this.#payload.buffer && bytes.byteOffset + at === this.#payload.byteOffset + this.#filled;
    if (!isThere) this.#payload.set(bytes.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#payload.length) this.#giveOut();
    return taken;
  }

  #giveOut(): void {
    const message = this.#message;
    if (message === undefined) throw new Error('link decoder: a frame without its message');
    const session = this.#gathered.readUInt32BE(8);
    const request = this.#gathered.readUInt32BE(12);
    this.#state = 'header';
    this.#filled = 0;
    this.#wanted = frameHeaderBytes;
    this.#message = undefined;
    this.#payload = noBytes;
    this.#onFrame({ session, request, message });
  }
}
