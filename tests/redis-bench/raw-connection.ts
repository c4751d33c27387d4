/**
 * One connection that asks and counts: replies are read into one buffer over and over and only their length and first byte
 * are looked at, so that what is measured is the server. What the values are is checked by others, outside the measured time.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const bufferBytes = 256 * 1024;
const minus = 0x2d;

export class RawConnection {
  readonly #socket: Socket;
  #missingBytes = 0;
  #isAtStart = true;
  #error: string | undefined;
  #done: { resolve(): void; reject(error: Error): void } | undefined;

  private constructor(port: number) {
    const buffer = new Uint8Array(bufferBytes);
    this.#socket = connect({
      ...{ host: '127.0.0.1', port, noDelay: true },
      onread: {
        buffer,
        callback: (bytes) => {
          this.#take(buffer.subarray(0, bytes));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#done?.reject(error));
    this.#socket.on('close', () => this.#done?.reject(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection(port);
    await once(connection.#socket, 'connect');
    return connection;
  }

  /** Sends `parts` as they are and resolves when exactly `replyBytes` have come; rejects when a reply is an error. */
  ask(parts: readonly Uint8Array[], replyBytes: number): Promise<void> {
    this.#missingBytes = replyBytes;
    this.#isAtStart = true;
    const answered = new Promise<void>((resolve, reject) => {
      this.#done = { resolve, reject };
    });
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    return answered;
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array): void {
    if (this.#isAtStart && bytes[0] === minus) this.#error = Buffer.from(bytes).toString('latin1').trimEnd();
    this.#isAtStart = false;
    this.#missingBytes -= bytes.length;
    const done = this.#done;
    if (this.#error !== undefined) return done?.reject(new Error(this.#error));
    if (this.#missingBytes < 0) return done?.reject(new Error(`${-this.#missingBytes} bytes more than were expected`));
    if (this.#missingBytes === 0) done?.resolve();
  }
}
