/**
 * All connected clients, for CLIENT LIST and CLIENT KILL. It owns who is there and what can be done to a connection from
 * outside; what a connection does by itself is its own affair.
 */
import type { Client } from './client.ts';

/** A client's connection, as other clients may see and treat it. */
export interface ClientConnection {
  /** Bytes that came of a command that is not whole. */
  readonly incompleteBytes: number;
  /** Bytes of commands that were taken, and of answers that wait for their turn. */
  readonly heldBytes: number;
  /** Answers that the kernel has not taken. */
  readonly unsentBytes: number;
  /** Cuts it now. */
  destroy(): void;
  /** Takes nothing new, answers what was taken, and ends. */
  finish(): void;
}

/** One that is connected. */
export interface ConnectedClient {
  readonly client: Client;
  readonly connection: ClientConnection;
}

/** See the module. In the order of their ids, which is that of their arrival. */
export class Clients {
  readonly #byId = new Map<number, ConnectedClient>();

  add(client: Client, connection: ClientConnection): void {
    this.#byId.set(client.id, { client, connection });
  }

  remove(client: Client): void {
    this.#byId.delete(client.id);
  }

  get(id: number): ConnectedClient | undefined {
    return this.#byId.get(id);
  }

  all(): readonly ConnectedClient[] {
    return [...this.#byId.values()];
  }

  /** Cuts them; the one that asks is answered first. Gives how many. */
  kill(victims: readonly ConnectedClient[], asking: Client): number {
    for (const { client, connection } of victims) {
      if (client === asking) connection.finish();
      else connection.destroy();
    }
    return victims.length;
  }
}
