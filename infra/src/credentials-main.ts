/** Runs before `npm run deploy` and `npm run destroy`: ends with 2 and a sentence where there are no credentials. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { missingCredentials } from './credentials.ts';

const files = ['credentials', 'config'].map((name) => join(homedir(), '.aws', name));
const missing = missingCredentials(process.env, files.some(existsSync));
if (missing !== undefined) {
  console.error(missing);
  process.exitCode = 2;
}
