/**
 * Servers that do exactly what a test says: a Redis one that sees each command and may answer it, keep silent or cut the
 * connection, and an HTTP one that gets each request. The client's handshake is answered for them.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createRequestParser } from './resp-requests.test-data.ts';

/** What is done with a command: the bytes to answer with, one per character, or `silence`, or `cut`. */
export type Answer = string;

export interface ScriptedRedis {
  readonly port: number;
  /** Every command in the order in which it came, its handshake left out. */
  readonly commands: readonly string[][];
  /** Connections made so far. */
  readonly connections: () => number;
}

/** Listens until its test is over. `answer` sees every command but those of the handshake, `greet` the HELLO. */
export async function serveRedis(
  answer: (command: readonly string[], index: number) => Answer,
  greet: (hello: readonly string[]) => string = () => '%1\r\n$5\r\nproto\r\n:3\r\n',
): Promise<ScriptedRedis> {
  const commands: string[][] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const parse = createRequestParser();
    socket.on('data', (bytes) => {
      for (const command of parse(bytes)) {
        const name = command[0]?.toLowerCase();
        if (name === 'hello') socket.write(greet(command));
        else if (name === 'client') socket.write('+OK\r\n');
        else {
          commands.push(command);
          const text = answer(command, commands.length - 1);
          if (text === 'cut') socket.destroy();
          else if (text !== 'silence') socket.write(text, 'latin1');
        }
      }
    });
  });
  const port = await listen(server, sockets);
  return { port, commands, connections: () => connections };
}

export interface ScriptedHttp {
  readonly port: number;
  readonly requests: readonly IncomingMessage[];
}

/** Listens until its test is over; a body is invited only by the test. */
export async function serveHttpScript(
  answer: (request: IncomingMessage, response: ServerResponse, index: number) => void,
): Promise<ScriptedHttp> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request);
    answer(request, response, requests.length - 1);
  };
  const server = createHttpServer(onRequest);
  server.on('checkContinue', onRequest);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, sockets);
  return { port, requests };
}

/** Invites the body and gives it whole. */
export async function readWhole(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (request.headers.expect !== undefined) response.writeContinue();
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A refusal as SION writes it. */
export function refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { code, message: `scripted ${code}`, requestId: 'r1' } }));
}

async function listen(server: Server | ReturnType<typeof createServer>, sockets: ReadonlySet<Socket>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
