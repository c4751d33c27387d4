/**
 * RESP from the other side, byte by byte: sends what no library would send, and gives back exactly what came. It frames
 * replies only to know where one ends.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A bare connection. Every wait is for bytes or for the close; nothing here waits for time. */
export class RespClient {
  readonly #socket: Socket;
  /** What came, in the parts in which it came: joining them at each would be quadratic. */
  #parts: Buffer[] = [];
  #arrivedBytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#parts.push(bytes);
      this.#arrivedBytes += bytes.length;
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.on('error', () => {});
  }

  /** The bare socket, for pausing and breaking. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Sends bytes as they are; a string is latin-1. */
  send(bytes: Uint8Array | string): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends one command as an array of bulk strings and gives its reply. */
  async call(...args: readonly (Uint8Array | string)[]): Promise<string> {
    this.send(encodeCommand(args));
    return this.reply();
  }

  /** The next whole reply, as latin-1 text; rejects when the connection closes within it. */
  async reply(): Promise<string> {
    for (;;) {
      const received = this.#join();
      const end = replyEnd(received, 0);
      if (end !== undefined) {
        this.#parts = [received.subarray(end)];
        return received.toString('latin1', 0, end);
      }
      if (this.#ended) throw new Error(`closed after ${JSON.stringify(received.toString('latin1', 0, 200))}`);
      await this.#more(missingBytes(received));
    }
  }

  /** Everything that still comes until the connection is closed. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#change();
    return this.#join().toString('latin1');
  }

  /** Closes and waits until the other side has, too. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#socket.destroy();
    while (!this.#ended) await this.#change();
  }

  #join(): Buffer {
    const joined = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = joined === undefined ? [] : [joined];
    return joined ?? Buffer.alloc(0);
  }

  async #more(bytes: number): Promise<void> {
    const enough = this.#arrivedBytes + bytes;
    while (this.#arrivedBytes < enough && !this.#ended) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Connects to a port of this machine. */
export async function dialResp(port: number): Promise<RespClient> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return new RespClient(socket);
}

/** A command as an array of bulk strings. */
export function encodeCommand(args: readonly (Uint8Array | string)[]): Buffer {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = typeof argument === 'string' ? Buffer.from(argument, 'latin1') : argument;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), Buffer.from(bytes), Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** How much is missing at least of a reply that is not whole. */
function missingBytes(bytes: Buffer): number {
  const line = bytes.indexOf('\r\n');
  if (line < 0 || bytes[0] !== 0x24) return 1;
  return Math.max(1, line + 2 + Number(bytes.toString('latin1', 1, line)) + 2 - bytes.length);
}

/** Where the reply that begins at `start` ends, if all of it is there. */
function replyEnd(bytes: Buffer, start: number): number | undefined {
  const line = bytes.indexOf('\r\n', start);
  if (line < 0) return undefined;
  const kind = String.fromCharCode(bytes[start] ?? 0);
  const count = Number(bytes.toString('latin1', start + 1, line));
  const after = line + 2;
  if ('$='.includes(kind)) {
    const end = count < 0 ? after : after + count + 2;
    return end <= bytes.length ? end : undefined;
  }
  if (!'*~%'.includes(kind)) return after;
  let end: number | undefined = after;
  const parts = kind === '%' ? count * 2 : Math.max(0, count);
  for (let part = 0; part < parts && end !== undefined; part += 1) end = replyEnd(bytes, end);
  return end;
}
