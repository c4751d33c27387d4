/**
 * One request of a connection at a time. Node begins to serve requests that a client sends without waiting (pipelining)
 * all at once, and keeps their answers until their turn; large ones would hold memory that nobody is being sent. So each
 * waits here until the answers before it are sent, and a client that sends very many more is cut.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests of one connection that may wait behind the one that is being answered. */
export const maxWaitingRequests = 64;

/** See the module. */
export class ConnectionTurns {
  readonly #waiting = new WeakMap<IncomingMessage['socket'], number>();

  /** Resolves when the request may be served; false when its connection was cut instead. */
  async of(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    // Node gives a response the socket when its turn has come.
    if (response.socket !== null) return true;
    const { socket } = request;
    const count = (this.#waiting.get(socket) ?? 0) + 1;
    if (count > maxWaitingRequests) {
      socket.destroy();
      return false;
    }
    this.#waiting.set(socket, count);
    // When the connection ends before, nobody is left to serve: this waits with the response, and goes with it.
    await new Promise<void>((resolve) => response.once('socket', () => resolve()));
    this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
    return true;
  }
}
