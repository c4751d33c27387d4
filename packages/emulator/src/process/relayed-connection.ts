/**
 * One connection of an instance on its way through the relay: two sockets, and a flow each way. A flow takes no more from
 * its source than it could hand on, a piece at a time, so what is held between the two stays small and a slow reader slows
 * its writer down; a piece passes in slices, between which other connections of the instance have their turn. While the instance is frozen nothing is taken from either side. An end is handed on as an end, a reset as
 * a reset.
 */
import type { Socket } from 'node:net';
import type { Throttle } from './throttle.ts';

export class RelayedConnection {
  readonly #flows: readonly [Flow, Flow];
  readonly #sockets: readonly [Socket, Socket];

  /** Both sockets are connected, keep their halves open, and are paused. `carried` is told of every piece. */
  constructor(
    instance: Socket,
    peer: Socket,
    throttle: Throttle,
    carried: { readonly in: (bytes: number) => void; readonly out: (bytes: number) => void },
  ) {
    this.#sockets = [instance, peer];
    this.#flows = [new Flow(peer, instance, throttle, carried.in), new Flow(instance, peer, throttle, carried.out)];
    instance.on('error', () => peer.resetAndDestroy());
    peer.on('error', () => instance.resetAndDestroy());
    this.thaw();
  }

  freeze(): void {
    for (const flow of this.#flows) flow.stop();
  }

  thaw(): void {
    for (const flow of this.#flows) flow.go();
  }

  /** Ends it on both sides at once. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #throttle: Throttle;
  readonly #carried: (bytes: number) => void;
  /** The last piece has passed and the reader takes more. */
  #isReady = true;

  constructor(from: Socket, to: Socket, throttle: Throttle, carried: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#throttle = throttle;
    this.#carried = carried;
    from.on('data', (piece: Buffer) => this.#take(piece));
    from.on('end', () => to.end());
    to.on('drain', () => this.#goOn());
    // A listener for data starts the flow; it waits for its instance.
    from.pause();
  }

  stop(): void {
    this.#from.pause();
  }

  go(): void {
    if (this.#isReady && !this.#throttle.isFrozen) this.#from.resume();
  }

  #take(piece: Buffer): void {
    this.#isReady = false;
    this.#carried(piece.length);
    this.#book(piece.length, () => {
      if (this.#to.write(piece)) this.#goOn();
    });
    if (!this.#isReady) this.#from.pause();
  }

  /** Slice by slice; handing them on singly would cost a system call each. */
  #book(bytes: number, then: () => void): void {
    const sliceBytes = Math.min(bytes, this.#throttle.sliceBytes);
    this.#throttle.pass(sliceBytes, () => (sliceBytes === bytes ? then() : this.#book(bytes - sliceBytes, then)));
  }

  #goOn(): void {
    this.#isReady = true;
    if (this.#from.isPaused()) this.go();
  }
}
