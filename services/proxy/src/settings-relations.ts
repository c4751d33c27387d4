/**
 * The relations between the proxy's settings: what each may be alone says the schema, what they may be together is asserted
 * here, at start, with the remedy. Pure.
 */
import { readSettings } from '@sion/components';
import { maxChunksPerFragment } from '@sion/core';
import { SionError } from '@sion/wire';
import { type ProxySettings, proxySettingsSchema, stripesOf } from './settings.ts';

const mib = 1024 * 1024;

/** The settings of an environment, checked singly and together; throws `invalid` as soon as one is wrong. */
export function readProxySettings(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const settings = readSettings(proxySettingsSchema, { environment });
  assertSettings(settings);
  return settings;
}

/** Throws one `invalid` that names each impossible combination, with the remedy. */
export function assertSettings(settings: ProxySettings): void {
  const problems = [...storeProblems(settings), ...relationProblems(settings), ...portProblems(settings)];
  if (problems.length === 0) return;
  const head = problems.length === 1 ? 'A setting is wrong' : `${problems.length} settings are wrong`;
  throw new SionError('invalid', `${head}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
}

function storeProblems(settings: ProxySettings): readonly string[] {
  const { store, s3Bucket, s3Endpoint, prefix } = settings;
  if (store === 'directory') {
    const names = [
      ['SION_S3_BUCKET', s3Bucket],
      ['SION_S3_ENDPOINT', s3Endpoint],
      ['SION_PREFIX', prefix],
    ] as const;
    return names.flatMap(([name, value]) =>
      value === ''
        ? []
        : [`${name} does nothing while SION_STORE is directory. Leave it out, or set SION_STORE to s3.`],
    );
  }
  return [
    ...(s3Bucket === '' ? ['SION_STORE is s3, but SION_S3_BUCKET is empty. Name the bucket.'] : []),
    ...(s3Endpoint === '' || isUrl(s3Endpoint)
      ? []
      : [`SION_S3_ENDPOINT is ${JSON.stringify(s3Endpoint)}, which is no URL. Write http://host:port.`]),
  ];
}

function isUrl(endpoint: string): boolean {
  return /^https?:\/\/[^\s/]+/.test(endpoint);
}

function relationProblems(settings: ProxySettings): readonly string[] {
  const problems: string[] = [];
  const { nodes, leaseRenewalMs, keptMaxBytes, bodyMemoryBytes, maxChunkBytes } = settings;
  const leaseTtlMs = settings.leaseTtlMs === 0 ? 60_000 : settings.leaseTtlMs;
  const widest = widestStripe(settings, problems);
  if (widest > nodes) {
    problems.push(
      `SION_STRIPES spreads objects over ${widest} functions, but SION_NODES is ${nodes}. Set at least ${widest} nodes, or narrower stripes.`,
    );
  }
  if (leaseTtlMs < 1000) problems.push(`SION_LEASE_TTL_MS is ${leaseTtlMs}, but must be at least 1000, or 0.`);
  if (settings.journalBytes < 4 * keptMaxBytes) {
    problems.push(
      `SION_JOURNAL_BYTES is ${settings.journalBytes}, but must be at least four times SION_KEPT_MAX_BYTES (${keptMaxBytes}): ${4 * keptMaxBytes}, or lower that.`,
    );
  }
  if (leaseRenewalMs * 3 >= leaseTtlMs) {
    problems.push(
      `SION_LEASE_RENEWAL_MS is ${leaseRenewalMs}, but must be less than a third of SION_LEASE_TTL_MS (${leaseTtlMs}), so that two renewals may fail.`,
    );
  }
  const fragmentBytes = maxChunksPerFragment * maxChunkBytes;
  if (bodyMemoryBytes < 4 * fragmentBytes) {
    problems.push(
      `SION_BODY_MEMORY_BYTES is ${bodyMemoryBytes}, but must hold four fragments of SION_MAX_CHUNK_BYTES: at least ${4 * fragmentBytes}.`,
    );
  }
  if (keptMaxBytes * 4 > bodyMemoryBytes) {
    problems.push(
      `SION_KEPT_MAX_BYTES is ${keptMaxBytes}, but must be at most a quarter of SION_BODY_MEMORY_BYTES (${bodyMemoryBytes}).`,
    );
  }
  const fleetBytes = nodes * settings.nodeMemoryMb * mib;
  if (settings.maxPlacedBytes > fleetBytes) {
    problems.push(
      `SION_MAX_PLACED_BYTES is ${settings.maxPlacedBytes}, but all functions have ${fleetBytes} bytes of memory. Lower it, or leave it 0.`,
    );
  }
  if (settings.respBufferedCommandBytes > settings.respBufferedTotalBytes) {
    problems.push(
      `SION_RESP_BUFFERED_COMMAND_BYTES is ${settings.respBufferedCommandBytes}, but must be at most SION_RESP_BUFFERED_TOTAL_BYTES (${settings.respBufferedTotalBytes}).`,
    );
  }
  const { recoveryPerNode, recoveryConcurrency } = settings;
  if (recoveryConcurrency !== 0 && recoveryConcurrency < recoveryPerNode) {
    problems.push(
      `SION_RECOVERY_CONCURRENCY is ${recoveryConcurrency}, but must be at least SION_RECOVERY_PER_NODE (${recoveryPerNode}), or 0.`,
    );
  }
  const nodeBytes = settings.nodeMemoryMb * mib;
  if (maxChunkBytes * 16 > nodeBytes) {
    problems.push(
      `SION_MAX_CHUNK_BYTES is ${maxChunkBytes}, but must be at most a sixteenth of a function’s memory (${nodeBytes}).`,
    );
  }
  if (settings.lambdaEndpoint !== '' && !isUrl(settings.lambdaEndpoint)) {
    problems.push(
      `SION_LAMBDA_ENDPOINT is ${JSON.stringify(settings.lambdaEndpoint)}, which is no URL. Write http://host:port.`,
    );
  }
  if (settings.functions === 'emulator' && settings.functionQualifier !== '') {
    problems.push(
      'SION_FUNCTION_QUALIFIER does nothing while SION_FUNCTIONS is emulator. Leave it out, or set SION_FUNCTIONS to lambda.',
    );
  }
  return problems;
}

function widestStripe(settings: ProxySettings, problems: string[]): number {
  try {
    return Math.max(...stripesOf(settings).map((stripe) => stripe.dataChunks + stripe.parityChunks));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return 0;
  }
}

/** Ports that this machine's one SION listens on; two equal ones would fail later, with a less helpful message. */
function portProblems(settings: ProxySettings): readonly string[] {
  const ports = [
    ['SION_RESP_PORT', settings.respPort],
    ['SION_HTTP_PORT', settings.httpPort],
    ['SION_LINK_PORT', settings.linkPort],
    ['SION_LAMBDA_PORT', settings.lambdaPort],
    ['SION_ADMIN_PORT', settings.adminPort],
  ] as const;
  return ports.flatMap(([name, port], place) => {
    const earlier = ports.slice(0, place).find(([, other]) => other === port && port !== 0);
    return earlier === undefined ? [] : [`${earlier[0]} and ${name} are both ${port}. Give each its own port, or 0.`];
  });
}
