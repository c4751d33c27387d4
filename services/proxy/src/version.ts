/** The version that people see, from the package's own file. */
import packageFile from '../package.json' with { type: 'json' };

/** SION's version, e.g. `0.1.0`. */
export function readVersion(): string {
  return packageFile.version;
}
