/**
 * The proxy's settings: one strict schema, each setting with its description, bounds and default. Main reads the
 * environment once (`readSettings`); no part reads it. A setting is listed here only when it does something: what later
 * versions will offer is refused until then.
 */
import { logLevels } from '@sion/components';
import { defaultMaxChunkBytes, defaultStripes, parseStripes, placingReads, type Stripe } from '@sion/core';
import { SionError } from '@sion/wire';
import { type Static, Type } from 'typebox';

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

const port = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description: `${description} 0 = any free port.` });

const milliseconds = (fallback: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, default: fallback, description });

const bytes = (fallback: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, default: fallback, description });

const count = (fallback: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, default: fallback, description });

const text = (fallback: string, description: string) =>
  Type.String({ maxLength: 1024, default: fallback, description });

/** Addresses and ports. */
const addresses = {
  host: text('127.0.0.1', 'Address on which RESP and HTTP clients are served.'),
  respPort: port(6380, 'Port of RESP (Redis) clients.'),
  httpPort: port(6381, 'Port of HTTP clients.'),
  linkHost: text('127.0.0.1', 'Address on which the links of functions are taken.'),
  linkPort: port(6382, 'Port on which the links of functions are taken.'),
  linkAdvertisedHost: text('', 'Name or address by which functions reach the proxy. Empty = SION_LINK_HOST.'),
  linkAdvertisedPort: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 0,
    description: 'Port by which functions reach the proxy. 0 = the port on which it takes links.',
  }),
  functions: Type.Union([Type.Literal('emulator'), Type.Literal('lambda')], {
    default: 'emulator',
    description:
      'Who runs the functions: the emulated Lambda, or AWS Lambda in the region that AWS_REGION names, with credentials as the AWS SDK finds them.',
  }),
  lambdaPort: port(6383, 'Port of the emulated Lambda on this machine.'),
  lambdaEndpoint: text(
    '',
    'URL of the Lambda service. Empty = http://127.0.0.1:<SION_LAMBDA_PORT>, or AWS’s own with SION_FUNCTIONS lambda.',
  ),
  adminHost: text('127.0.0.1', 'Address of metrics and status.'),
  adminPort: port(6384, 'Port of metrics and status.'),
  adminHosts: text('', 'Names beside localhost by which the admin port may be called, separated by commas.'),
};

/** The store, the fleet, and how objects are spread over it. */
const deployment = {
  dataDir: Type.String({
    minLength: 1,
    maxLength: 1024,
    default: '.sion',
    description: 'Folder of the directory store and of what the proxy itself remembers.',
  }),
  store: Type.Union([Type.Literal('directory'), Type.Literal('s3')], {
    default: 'directory',
    description: 'Where objects are durable: in a folder, or in a bucket of S3.',
  }),
  s3Bucket: Type.String({ maxLength: 255, default: '', description: 'Bucket of the S3 store.' }),
  s3Endpoint: text('', 'URL of the S3 service. Empty = AWS’s own, in the region that AWS_REGION names.'),
  prefix: Type.String({
    maxLength: 120,
    default: '',
    description: 'What the keys of objects in the bucket begin with; a slash follows it. Empty = nothing.',
  }),
  durability: Type.Union([Type.Literal('store'), Type.Literal('journal'), Type.Literal('memory')], {
    default: 'store',
    description:
      'When a write is acknowledged, unless its connection or request says otherwise: confirmed by the store; durable in the journal, the store follows; or held by functions alone (a cache).',
  }),
  nodes: count(24, 1, 1000, 'How many functions serve as memory.'),
  nodeMemoryMb: count(
    512,
    192,
    10_240,
    'Memory of each function, in MiB. Below 192 there is no room for chunks beside the runtime and what is under way.',
  ),
  functionPrefix: Type.String({
    pattern: '^[A-Za-z0-9_-]{1,50}$',
    default: 'sion-node-',
    description: 'A function’s name is this and its number.',
  }),
  functionQualifier: Type.String({
    pattern: '^[A-Za-z0-9_-]{0,128}$',
    default: '',
    description:
      'Alias or published version by which functions are invoked on AWS Lambda, so that new code does not empty those in use. Empty = the newest code.',
  }),
  stripes: text(defaultStripes, 'Chunks by object size: <largest size>=<data>+<parity>, ascending, the last for *.'),
  maxChunkBytes: bytes(defaultMaxChunkBytes, 4 * kib, 16 * mib, 'Longest chunk; larger objects get more fragments.'),
  recoverySpread: count(
    20,
    1,
    1000,
    'Functions that bring back what one function has lost, at most at a time. To switch that off, set SION_RECOVERY_CONCURRENCY to 0.',
  ),
  recoveryPerNode: count(8, 1, 64, 'Chunks that one function brings back at a time.'),
  recoveryConcurrency: count(
    160,
    0,
    4096,
    'Chunks that are brought back at a time, over all functions. 0 = none ahead of reads.',
  ),
  bulkThresholdBytes: bytes(64 * kib, 0, 1 * gib, 'Chunks of at least this size are queued and sent apart.'),
  busyBytesPerNode: bytes(32 * mib, 0, 256 * mib, 'What a function may owe readers before they turn elsewhere.'),
  busyRequestsPerNode: count(1024, 1, 4096, 'How many chunks it may owe them, likewise.'),
  elasticBytesPerNode: bytes(
    64 * mib,
    0,
    10 * gib,
    'Memory of each function for copies of chunks in demand. 0 = none.',
  ),
  windowSeconds: count(
    600,
    1,
    86_400,
    'Length of a window. New objects go to the newest one; objects that are read in an old one move there.',
  ),
  activeWindows: count(6, 1, 1000, 'Windows whose functions are kept warm, and whose losses are brought back.'),
  degradedWindows: count(
    12,
    0,
    1000,
    'Windows after those whose functions are only touched now and then. Older ones leave memory.',
  ),
  warmActiveSeconds: count(
    60,
    0,
    3600,
    'A function of an active window that has idled for so long is touched, so that its instance stays. 0 = never.',
  ),
  warmDegradedSeconds: count(300, 0, 3600, 'The same for degraded windows. 0 = never.'),
  rotateSeconds: count(
    3600,
    0,
    604_800,
    'A group of functions that has taken data for so long takes no more, so that what is wanted has moved on before the provider takes its instances. 0 = however long.',
  ),
  migrationConcurrency: count(
    8,
    0,
    1024,
    'Pieces of objects that move to the newest window at a time. 0 = what is used in an old window stays there.',
  ),
  placeOnPut: Type.Boolean({
    default: true,
    description:
      'Whether a write is put into memory, unless it says otherwise. Those of memory alone are, whatever this says.',
  }),
  placeOnRead: Type.Union(
    placingReads.map((reads) => Type.Literal(reads)),
    {
      default: 'first',
      description:
        'When a read that the store served is put into memory: at once, when the object was read before, or never.',
    },
  ),
  journalBytes: bytes(
    1 * gib,
    1 * mib,
    1024 * gib,
    'Bytes of acknowledged writes that the journal holds while the store does not have them; beyond it, writes go to the store at once. At least four times SION_KEPT_MAX_BYTES.',
  ),
  journalMaxRecords: count(
    200_000,
    100,
    10_000_000,
    'Acknowledged writes of different keys that the journal holds, whatever their size: each takes about 1 KiB of memory; beyond it, writes go to the store at once.',
  ),
  journalMaxAgeMs: milliseconds(
    600_000,
    1000,
    86_400_000,
    'While the journal holds a write that is older than this, further ones go to the store at once.',
  ),
  journalQuarantineMs: milliseconds(
    120_000,
    0,
    3_600_000,
    'A request to the store that was given up may still take effect for so long; the journal keeps the write until then, and keys that have expired are taken from the store before they are said to be gone.',
  ),
  maxUsdPerHour: Type.Number({
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
    description:
      'What functions may cost in an hour, in dollars. Above it the store serves and memory takes nothing new, until a fifth of it is free again. 0 = no bound.',
  }),
  latencyUsdPerSecond: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.0001,
    description:
      'What a second of a client’s waiting is worth, in dollars; a higher price keeps functions awake longer.',
  }),
};

/** Limits of requests and of what the proxy holds. */
const limits = {
  maxKeyBytes: count(512, 1, 512, 'Longest key, in bytes.'),
  maxRespValueBytes: bytes(512 * mib, 1, 512 * mib, 'Largest value over RESP.'),
  maxHttpObjectBytes: bytes(64 * gib, 1, 64 * gib, 'Largest object over HTTP.'),
  bodyMemoryBytes: bytes(
    512 * mib,
    64 * mib,
    256 * gib,
    'Bytes of bodies that the proxy holds at a time, over all requests; while they are taken, each further reader of a large object holds about a chunk more.',
  ),
  maxPlacedBytes: bytes(
    0,
    0,
    64 * gib,
    'Larger objects go past memory: to the store and from it, streamed. 0 = an eighth of what all functions may hold.',
  ),
  keptMaxBytes: bytes(
    1 * mib,
    0,
    64 * mib,
    'Writes up to this size wait in memory for their turn; larger ones are uploaded at once.',
  ),
  jointReadBytes: bytes(
    8 * mib,
    0,
    64 * mib,
    'What is kept of a cold object for others who read it meanwhile. 0 = nothing.',
  ),
  maxEntries: count(200_000, 16, 10_000_000, 'Objects that the directory remembers.'),
  maxAbsentKeys: count(100_000, 0, 10_000_000, 'Keys that are remembered to be missing in the store.'),
  absentTtlMs: milliseconds(1000, 0, 3_600_000, 'How long a missing key is believed to be missing.'),
  hotBytes: bytes(
    64 * mib,
    0,
    256 * gib,
    'Bytes of the hot tier: small objects that are asked for often, in the proxy’s own memory. 0 = none.',
  ),
  hotObjectBytes: bytes(64 * kib, 1, 1 * mib, 'Largest object in the hot tier; at most a tenth of it.'),
  maxRespConnections: count(10_000, 1, 100_000, 'RESP connections at a time.'),
  maxRespArguments: count(1024 * 1024, 16, 16 * 1024 * 1024, 'Arguments of one RESP command, its name included.'),
  respPipelineCommands: count(128, 1, 65_536, 'Commands of one RESP connection that are worked on at a time.'),
  respPipelineBytes: bytes(4 * mib, 64 * kib, 1 * gib, 'Bytes of arguments and answers that such commands may hold.'),
  respUnsentBytes: bytes(
    16 * mib,
    64 * kib,
    4 * gib,
    'Answers that a RESP client may leave unread before it has to wait.',
  ),
  respBufferedCommandBytes: bytes(
    64 * mib,
    1 * mib,
    512 * mib,
    'Bytes of one RESP command that cannot stream, such as MSET.',
  ),
  respBufferedTotalBytes: bytes(256 * mib, 1 * mib, 64 * gib, 'Bytes of all such commands at a time.'),
  allowFlush: Type.Boolean({
    default: false,
    description: 'Whether FLUSHALL and FLUSHDB may delete every object; otherwise they are refused.',
  }),
  maxHttpConnections: count(1024, 1, 100_000, 'HTTP connections at a time.'),
};

/** Times. */
const times = {
  leaseTtlMs: milliseconds(
    0,
    0,
    600_000,
    'How long the lease on the store holds without a renewal, at least 1000; journaled writes outlast an outage of the store for as long. 0 = 60000, with SION_DURABILITY journal 600000.',
  ),
  leaseRenewalMs: milliseconds(
    10_000,
    100,
    200_000,
    'How often the lease is renewed; less than a third of SION_LEASE_TTL_MS.',
  ),
  storeWriteMs: milliseconds(
    10_000,
    10,
    600_000,
    'How long a write that follows a journaled one of its key waits for the store to confirm both.',
  ),
  snapshotMs: milliseconds(30_000, 100, 86_400_000, 'How often the directory is written to the data folder.'),
  sweepMs: milliseconds(1000, 10, 3_600_000, 'How often expired keys that are known leave the store.'),
  listSweepMs: milliseconds(
    60_000,
    100,
    86_400_000,
    'How often a page of the store’s listing is searched for expired keys.',
  ),
  silenceMs: milliseconds(
    1000,
    100,
    600_000,
    'A function that has not been heard for this long in a session is given up; pings are sent four times as often.',
  ),
  hedgeMs: milliseconds(50, 1, 60_000, 'After this time a read asks for more chunks than it needs.'),
  fetchTimeoutMs: milliseconds(
    2000,
    10,
    600_000,
    'After this time a read gives up on a function and turns to the store.',
  ),
  placePatienceMs: milliseconds(200, 0, 600_000, 'How long placing an object may wait for room before it is given up.'),
  respStallMs: milliseconds(
    60_000,
    100,
    3_600_000,
    'Longest pause of a RESP client within a command, or before answers that it does not read.',
  ),
  httpHeaderMs: milliseconds(10_000, 100, 600_000, 'Longest time until an HTTP request’s headers are complete.'),
  httpBodyIdleMs: milliseconds(60_000, 100, 3_600_000, 'Longest pause of an HTTP client within a body, either way.'),
  httpKeepAliveMs: milliseconds(75_000, 0, 3_600_000, 'How long an HTTP connection may idle between requests.'),
  drainMs: milliseconds(30_000, 0, 3_600_000, 'How long a stop waits for requests that are under way.'),
};

/** Every setting of the proxy. */
export const proxySettingsSchema = Type.Object(
  {
    ...addresses,
    ...deployment,
    ...limits,
    ...times,
    logLevel: Type.Union(
      logLevels.map((level) => Type.Literal(level)),
      {
        default: 'info',
        description: 'What is written to the log.',
      },
    ),
  },
  { additionalProperties: false },
);

/** The proxy's settings, read and checked singly; `settings-relations.ts` checks them together. */
export type ProxySettings = Static<typeof proxySettingsSchema>;

/** The stripe table of SION_STRIPES; throws `invalid` when it is none. */
export function stripesOf(settings: Pick<ProxySettings, 'stripes'>): readonly Stripe[] {
  try {
    return parseStripes(settings.stripes);
  } catch (error) {
    throw new SionError('invalid', `SION_STRIPES: ${error instanceof Error ? error.message : String(error)}`);
  }
}
