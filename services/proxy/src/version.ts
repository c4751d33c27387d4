/** The version that people see, from the package's own file. */
import { readFileSync } from 'node:fs';

/** SION's version, e.g. `0.1.0`. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return version;
}
