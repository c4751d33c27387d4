/**
 * A line that breaks: a TCP proxy before a server, told for each connection in turn how many bytes of the request or of
 * the answer pass before both ends are cut. Connections beyond the list are left whole.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Cut {
  readonly requestBytes?: number;
  readonly answerBytes?: number;
  /** Runs before the ends are cut. */
  readonly before?: () => Promise<void> | void;
}

export interface BreakingLine {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
}

export async function openBreakingLine(serverPort: number, cuts: readonly (Cut | 'whole')[]): Promise<BreakingLine> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const cut = cuts[connections];
    connections += 1;
    const upstream = connect({ host: '127.0.0.1', port: serverPort });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        if (socket === client) upstream.destroy();
        else client.end();
      });
    }
    const limits = cut === undefined || cut === 'whole' ? {} : cut;
    const end = async () => {
      await limits.before?.();
      // Ended, not reset: what has passed is still read on the other side.
      client.end();
      upstream.destroy();
    };
    forward(client, upstream, limits.requestBytes, end);
    forward(upstream, client, limits.answerBytes, end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, connections: () => connections };
}

/** At most `limit` bytes pass; then `end`. */
function forward(from: Socket, to: Socket, limit: number | undefined, end: () => Promise<void>): void {
  let left = limit ?? Number.POSITIVE_INFINITY;
  from.on('data', (piece: Buffer) => {
    if (left <= 0) return;
    const passed = piece.subarray(0, Math.min(piece.byteLength, left));
    left -= passed.byteLength;
    from.pause();
    to.write(passed, () => {
      if (left > 0) from.resume();
      else void end();
    });
  });
  from.on('end', () => {
    if (left > 0) to.end();
  });
}
