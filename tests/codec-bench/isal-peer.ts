/**
 * ISA-L as a process beside the measurement: compiles isal.c when gcc and the library are there (Debian: apt install gcc
 * libc6-dev libisal-dev), and asks it for one measurement at a time.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The compiled program. */
export interface IsalProgram {
  readonly file: string;
  remove(): Promise<void>;
}

/** Undefined, after saying why, when ISA-L cannot be had. */
export async function compileIsal(say: (line: string) => void): Promise<IsalProgram | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-isal-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'isal');
  const source = fileURLToPath(new URL('isal.c', import.meta.url));
  try {
    await promisify(execFile)('gcc', ['-O2', '-o', file, source, '-lisal']);
    return { file, remove };
  } catch (error) {
    await remove();
    const [reason] = String(error instanceof Error ? error.message : error).split('\n', 1);
    say(`without ISA-L: ${reason}; on Debian, "apt install gcc libc6-dev libisal-dev" brings it`);
    return undefined;
  }
}

/** What ISA-L is asked to do. */
export type IsalWork = 'encode' | 'rebuild1' | 'rebuild2' | 'memcpy';

/** ISA-L with the chunks of one shape in its memory. */
export class IsalPeer {
  readonly #child: ChildProcess;
  readonly #answers: ((line: string) => void)[] = [];

  constructor({ file }: IsalProgram, dataChunks: number, parityChunks: number, chunkBytes: number) {
    this.#child = spawn(file, [dataChunks, parityChunks, chunkBytes].map(String), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the child has no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answers.shift()?.(line));
    this.#child.on('exit', (code) => {
      for (const answer of this.#answers.splice(0)) answer(`exit ${code}`);
    });
  }

  /** The CRC-32 of each parity chunk, when ISA-L has also rebuilt its lost chunks rightly. */
  async verify(): Promise<string> {
    return await this.#ask('verify');
  }

  /** Seconds for so many repeats, with the path that the library chooses (`auto`) or the given one. */
  async measure(path: 'auto' | 'avx2', work: IsalWork, repeats: number): Promise<number> {
    const answer = await this.#ask(`${path} ${work} ${repeats}`);
    const nanoseconds = Number(answer);
    if (!(nanoseconds > 0)) throw new Error(`ISA-L answered ${JSON.stringify(answer)}`);
    return nanoseconds / 1e9;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }

  #ask(line: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.#child.stdin?.write(`${line}\n`);
    });
  }
}
