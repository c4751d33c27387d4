/** A bare connection that sends whatever bytes it is given and keeps what comes back, for the fuzzer and its bystanders. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawClient {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #ended = false;
  #failed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#pieces.push(bytes));
    socket.on('error', () => {
      this.#failed = true;
    });
    socket.on('end', () => {
      this.#ended = true;
    });
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  static async dial(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.setNoDelay(true);
    return new RawClient(socket);
  }

  /** Everything that came, since the last {@link take}. */
  get received(): Buffer {
    const [first, ...more] = this.#pieces;
    if (first === undefined) return Buffer.alloc(0);
    if (more.length > 0) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? first;
  }

  /** The other side sends no more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The connection was reset: what had come may be lost. */
  get reset(): boolean {
    return this.#failed;
  }

  take(bytes: number): Buffer {
    const all = this.received;
    this.#pieces = bytes < all.length ? [all.subarray(bytes)] : [];
    return all.subarray(0, bytes);
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(bytes);
  }

  halfClose(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
