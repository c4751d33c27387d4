/**
 * Whether the ports of a local run are free, asked before anything is started: so the refusal names the setting, and no
 * part has to be taken down again. A port that is taken between the check and the start is the part's own error.
 */
import { createServer } from 'node:net';
import { CliError } from '../cli-error.ts';

export interface WantedPort {
  /** What it is for, e.g. `RESP`. */
  readonly purpose: string;
  /** The setting that changes it. */
  readonly setting: string;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** Resolves when all are free; rejects with every one that is not. */
export async function checkPorts(ports: readonly WantedPort[]): Promise<void> {
  const problems: string[] = [];
  const seen = new Map<number, WantedPort>();
  for (const wanted of ports) {
    if (wanted.port === 0) continue;
    const same = seen.get(wanted.port);
    seen.set(wanted.port, wanted);
    if (same !== undefined) {
      problems.push(`${same.setting} and ${wanted.setting} are both ${wanted.port}: each needs a port of its own.`);
      continue;
    }
    const fault = await probe(wanted);
    if (fault === undefined) continue;
    problems.push(`Port ${wanted.port} (${wanted.purpose}) ${problemOf(fault, wanted)}`);
  }
  if (problems.length === 0) return;
  // All of them taken together are hardly chance.
  if (problems.length === ports.length) problems.push('Perhaps another SION runs already: npx sion status');
  throw new CliError(1, problems.join('\n'));
}

function problemOf(fault: string, { host, setting }: WantedPort): string {
  if (fault === 'EADDRINUSE') {
    return `is in use by another process. Stop that process, or set ${setting} to another port.`;
  }
  if (fault === 'EADDRNOTAVAIL' || fault === 'ENOTFOUND') {
    return `cannot be used: ${host} is no address of this machine (${fault}). Set SION_HOST, SION_LINK_HOST or SION_ADMIN_HOST to one that is.`;
  }
  if (fault === 'EACCES') return `may not be used by this user (EACCES). Set ${setting} to one above 1023.`;
  return `cannot be used (${fault}). Set ${setting} to another port.`;
}

function probe(wanted: WantedPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error) => {
      resolve('code' in error && typeof error.code === 'string' ? error.code : error.message);
    });
    server.listen({ host: wanted.host, port: wanted.port, exclusive: true }, () => {
      server.close(() => resolve(undefined));
    });
  });
}
