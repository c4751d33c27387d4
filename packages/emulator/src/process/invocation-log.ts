/**
 * What functions write. Per function the last part is kept for people; per invocation the last 4 KB, which is what
 * `LogType: Tail` gives, with Lambda's START, END and REPORT lines around what the handler wrote.
 */
import { type Report, reportLine } from '../model/report.ts';

const tailBytes = 4096;
const functionLogBytes = 256 * 1024;

/** The end of a stream of bytes, bounded. */
export class LogTail {
  readonly #limitBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  append(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length <= 2 * this.#limitBytes) return;
    this.#parts = [this.read()];
    this.#length = this.#limitBytes;
  }

  /** The last bytes, at most the limit. */
  read(): Buffer {
    const all = Buffer.concat(this.#parts);
    return all.subarray(Math.max(0, all.length - this.#limitBytes));
  }
}

/** The logs of all functions and of the invocations under way. */
export class InvocationLogs {
  readonly #functions = new Map<string, LogTail>();
  readonly #invocations = new Map<string, LogTail>();

  /** An attempt at an invocation begins. */
  begin(functionName: string, requestId: string): void {
    this.#invocations.set(requestId, new LogTail(tailBytes));
    this.write(functionName, requestId, Buffer.from(`START RequestId: ${requestId} Version: $LATEST\n`));
  }

  /** Something was written, within an invocation or outside any. */
  write(functionName: string, requestId: string | undefined, bytes: Buffer): void {
    let log = this.#functions.get(functionName);
    if (log === undefined) {
      log = new LogTail(functionLogBytes);
      this.#functions.set(functionName, log);
    }
    log.append(bytes);
    if (requestId !== undefined) this.#invocations.get(requestId)?.append(bytes);
  }

  /** An attempt has ended; one that died in INIT never began. */
  end(report: Report): void {
    const { functionName, requestId } = report;
    if (!this.#invocations.has(requestId)) this.begin(functionName, requestId);
    this.write(functionName, requestId, Buffer.from(`END RequestId: ${requestId}\n${reportLine(report)}\n`));
  }

  /** The invocation's last bytes; it is forgotten. */
  take(requestId: string): Buffer {
    const log = this.#invocations.get(requestId);
    this.#invocations.delete(requestId);
    return log?.read() ?? Buffer.alloc(0);
  }

  /** The function's last bytes. */
  ofFunction(functionName: string): Buffer {
    return this.#functions.get(functionName)?.read() ?? Buffer.alloc(0);
  }
}
