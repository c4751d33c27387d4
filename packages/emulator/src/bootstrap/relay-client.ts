/** The instance's end of its relay: asks for dials and for tokens over one kept connection; the lines are in `relay.ts`. */
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Question {
  readonly answer: (words: readonly string[]) => void;
  readonly fail: (error: Error) => void;
}

export class RelayClient {
  readonly #socket = new Socket();
  readonly #questions = new Map<string, Question>();
  #asked = 0;

  /** `address`: `host:port:secret`, as the relay gave it. */
  constructor(address: string) {
    const [host = '', port, secret] = address.split(':');
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { fail } of this.#questions.values()) fail(new Error('the network of this instance is gone'));
      this.#questions.clear();
    });
    createInterface({ input: socket }).on('line', (line) => this.#hear(line));
    socket.connect(Number(port), host);
    socket.write(`${secret}\n`);
    socket.unref();
  }

  /** Has the relay dial; gives the port of this machine that leads there, for one connection. Rejects with its code. */
  async open(host: string, port: number): Promise<number> {
    const [word, outcome = ''] = await this.#ask('open', `${port} ${host}`);
    if (word === 'open') return Number(outcome);
    throw Object.assign(new Error(`connect ${outcome} ${host}:${port}`), {
      ...{ code: outcome, syscall: 'connect', address: host, port },
    });
  }

  /** Nobody will connect to that port. */
  drop(port: number): void {
    this.#socket.write(`drop ${port}\n`);
  }

  /** Resolves when so many bytes of a file have passed. */
  async take(bytes: number): Promise<void> {
    if (bytes > 0) await this.#ask('take', String(bytes));
  }

  #ask(word: string, what: string): Promise<readonly string[]> {
    return new Promise((answer, fail) => {
      if (this.#socket.destroyed) return fail(new Error('the network of this instance is gone'));
      this.#asked += 1;
      const id = String(this.#asked);
      this.#questions.set(id, { answer, fail });
      // As a dial or a read under way does, a question keeps the process alive.
      this.#socket.ref();
      this.#socket.write(`${word} ${id} ${what}\n`);
    });
  }

  #hear(line: string): void {
    const [word = '', id = '', ...rest] = line.split(' ');
    this.#questions.get(id)?.answer([word, ...rest]);
    this.#questions.delete(id);
    if (this.#questions.size === 0) this.#socket.unref();
  }
}
