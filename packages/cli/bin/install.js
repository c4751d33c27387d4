/**
 * Brings node_modules to what package-lock.json says, before anything else runs. It is plain JavaScript without
 * dependencies, because it runs on whatever Node (20 or newer) started npm, on a fresh clone. `npm start`, `npm test`
 * and the `sion` launcher call it first.
 *
 * What is installed is read from npm's own record, node_modules/.package-lock.json, which npm writes last: an
 * installation that was broken off has none. When record and lock file agree and every package is in its place, nothing
 * is run at all, so that a start needs no network. It must never write outside the clone.
 */
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const lockBeatMs = 5_000;
const lockStaleMs = 60_000;
const lockPollMs = 200;
/** The first release that runs TypeScript without a flag. */
const oldestNode = [22, 18];
let musl;

/** The clone that this file belongs to. */
export const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Installs what is missing or older than the lock file. Resolves to true when it had to; rejects with a message for
 * people when it cannot.
 */
export async function ensureInstalled(root) {
  if (staleReason(root) === undefined) return false;
  const release = await takeLock(root);
  try {
    const reason = staleReason(root);
    if (reason === undefined) return false;
    process.stderr.write(`Installing dependencies with npm, which may take a minute: ${reason}.\n`);
    const started = performance.now();
    await runNpm(root);
    const still = staleReason(root);
    if (still !== undefined) throw new Error(`npm ci ended well, yet ${still}. Remove node_modules and try again.`);
    process.stderr.write(`Installed in ${Math.ceil((performance.now() - started) / 1000)} s.\n`);
    return true;
  } finally {
    release();
  }
}

/** The Node that SION runs under: the locked one where it exists for this platform, else the running one if it will do. */
export function nodeBinary(root) {
  const locked = lockedNode(root);
  if (locked !== undefined) return locked;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.execPath;
  throw new Error(
    `SION needs Node ${oldestNode.join('.')} or newer here, and ${process.version} is running. ` +
      `(On Linux x64 and arm64 it brings its own; ${process.platform} ${process.arch} has to have it installed.)`,
  );
}

/** Why node_modules is not what the lock file says, or undefined when it is. */
export function staleReason(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new Error(`${join(root, 'package-lock.json')} is missing or unreadable.`);
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'nothing is installed yet';
  for (const [place, entry] of Object.entries(wanted)) {
    if (place === '') continue;
    const found = installed[place];
    if (found === undefined) {
      if (entry.optional === true && !fitsPlatform(entry)) continue;
      if (!place.includes('node_modules/')) continue; // a workspace's own folder: always there
      if (isPeerOnly(entry)) continue;
      return `${place} is missing`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity || found.link !== entry.link) {
      return `${place} differs from the lock file`;
    }
    if (!existsSync(join(root, place, 'package.json'))) return `${place} is missing`;
  }
  const extra = Object.keys(installed).find((place) => wanted[place] === undefined);
  if (extra !== undefined) return `${extra} is not in the lock file any more`;
  return lockedNodeIsBroken(root, wanted) ? 'its Node binary is missing' : undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** npm leaves out optional packages of other platforms. */
function fitsPlatform(entry) {
  const fits = (names, value) => {
    if (names === undefined) return true;
    const list = Array.isArray(names) ? names : [names];
    return !list.includes(`!${value}`) && (list.every((item) => item.startsWith('!')) || list.includes(value));
  };
  if (!fits(entry.os, process.platform) || !fits(entry.cpu, process.arch)) return false;
  return entry.libc === undefined || fits(entry.libc, isMusl() ? 'musl' : 'glibc');
}

/** Node's report tells the C library, slowly; without this switch it also looks up every socket's host name. */
function isMusl() {
  process.report.excludeNetwork = true;
  musl ??= process.report.getReport().header.glibcVersionRuntime === undefined;
  return musl;
}

/** Optional and peer at once: npm may leave it out when nothing else wants it. */
function isPeerOnly(entry) {
  return entry.optional === true && entry.peer === true;
}

function lockedNodeName() {
  return `node-${process.platform}-${process.arch}`;
}

function lockedNode(root) {
  const path = join(root, 'node_modules', lockedNodeName(), 'bin', 'node');
  return isExecutable(path) ? path : undefined;
}

function lockedNodeIsBroken(root, wanted) {
  if (wanted[`node_modules/${lockedNodeName()}`] === undefined) return false;
  return lockedNode(root) === undefined || !isExecutable(join(root, 'node_modules', '.bin', 'node'));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs `npm ci` with the npm that started us; its output is shown only when it fails. */
async function runNpm(root) {
  const [command, start] = npmCommand();
  const args = [
    ...start,
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--engine-strict=false',
    '--loglevel=error',
  ];
  args.push('--include=dev', '--include=optional');
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-20_000);
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`npm cannot be started (${error.message}). Is npm installed?`)));
    child.on('close', (...ended) => resolve(ended));
  });
  if (code === 0) return;
  throw new Error(`${output}\nnpm ci failed (${signal ?? `exit code ${code}`}); its output is above.`);
}

/** @returns {[string, string[]]} the program and its first arguments */
function npmCommand() {
  const path = process.env.npm_execpath;
  if (path === undefined || !existsSync(path)) return ['npm', []];
  if (basename(path) === 'npm-cli.js') return [process.execPath, [path]];
  const sibling = join(dirname(realpathSync(path)), 'npm-cli.js');
  return existsSync(sibling) ? [process.execPath, [sibling]] : ['npm', []];
}

/**
 * One installation at a time. The lock file names its holder and is touched while the holder lives; one whose holder is
 * gone, or has not touched it for a minute, is taken over. It lies in .sion because npm ci empties node_modules.
 */
async function takeLock(root) {
  const folder = join(root, '.sion');
  const path = join(folder, 'install.lock');
  const mine = `${process.pid} ${process.hrtime.bigint()}\n`;
  mkdirSync(folder, { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(path, mine, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (holder.stale) {
      removeStale(path, holder.text);
      continue;
    }
    if (!told) process.stderr.write(`Another installation is under way (pid ${holder.pid}); waiting for it.\n`);
    told = true;
    await sleep(lockPollMs);
  }
  const beat = setInterval(() => {
    const now = Date.now() / 1000;
    if (existsSync(path)) utimesSync(path, now, now);
  }, lockBeatMs);
  return () => {
    clearInterval(beat);
    if (readHolder(path)?.text === mine) rmSync(path, { force: true });
  };
}

function readHolder(path) {
  try {
    const text = readFileSync(path, 'utf8');
    const pid = Number.parseInt(text, 10);
    const ageMs = Date.now() - statSync(path).mtimeMs;
    return { text, pid, stale: ageMs > lockStaleMs || (text !== '' && !isAlive(pid)) };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the dead holder's file away; when another took it over in between, puts that one's back. */
function removeStale(path, text) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    await ensureInstalled(rootFolder);
    nodeBinary(rootFolder);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
