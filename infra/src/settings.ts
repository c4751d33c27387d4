/**
 * The settings of a deployment, under the same names and from the same places as every other setting of SION: `SION_…` in the
 * environment, or in the file that `SION_CONFIG` names. They are those of the deployment itself, of the proxy and of the
 * nodes in one strict schema; a preset changes defaults and nothing else. What the deployment decides by itself (addresses,
 * the bucket, who runs the functions) is no setting here. Pure: it knows nothing of the CDK.
 */
import { readSettings, type SettingsSources } from '@sion/components';
import { nodeSettings, nodeSettingsSchema } from '@sion/node';
import { assertSettings, proxySettingsSchema } from '@sion/proxy';
import { SionError } from '@sion/wire';
import { type Static, Type } from 'typebox';

/** What a preset decides. */
interface Preset {
  readonly nodes: number;
  readonly nodeMemoryMb: number;
  readonly proxyCpu: number;
  readonly proxyMemoryMb: number;
  readonly logDays: 7 | 30 | 90;
}

/** By size: to try it, for a service, for a large one. */
export const presets = {
  dev: { nodes: 24, nodeMemoryMb: 512, proxyCpu: 1024, proxyMemoryMb: 2048, logDays: 7 },
  small: { nodes: 100, nodeMemoryMb: 1536, proxyCpu: 2048, proxyMemoryMb: 8192, logDays: 30 },
  large: { nodes: 400, nodeMemoryMb: 3008, proxyCpu: 8192, proxyMemoryMb: 32_768, logDays: 90 },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

const presetSetting = Type.Union([Type.Literal('dev'), Type.Literal('small'), Type.Literal('large')], {
  default: 'dev',
  description: 'Which defaults are taken for the sizes of fleet and proxy.',
});

const defaultHostType = 'm7g.large';
/** Of its 8 GiB, what system and agent leave to a task. */
const defaultHostFreeMb = 7168;

/** What only a deployment has. */
function ownSettings(preset: Preset) {
  return {
    preset: presetSetting,
    deployment: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,19}$',
      default: 'sion',
      description: 'Name of the stack, and what the names of functions, alarms and addresses begin with.',
    }),
    zones: Type.Integer({
      minimum: 1,
      maximum: 3,
      default: 1,
      description: 'Availability zones. One by default: bytes between zones cost money, and the store survives a zone.',
    }),
    concurrencyQuota: Type.Integer({
      minimum: 110,
      maximum: 1_000_000,
      default: 1000,
      description: 'Concurrent executions of Lambda that the account has in the region; 100 of them must stay free.',
    }),
    proxyCpu: Type.Integer({
      minimum: 256,
      maximum: 16_384,
      default: preset.proxyCpu,
      description: 'Processor of the proxy, 1024 = one vCPU.',
    }),
    proxyMemoryMb: Type.Integer({
      minimum: 1024,
      maximum: 122_880,
      default: preset.proxyMemoryMb,
      description: 'Memory of the proxy, in MiB.',
    }),
    proxyHost: Type.Union([Type.Literal('fargate'), Type.Literal('ec2')], {
      default: 'fargate',
      description: 'Where the proxy runs: on Fargate, without a disk that outlives it, or on an EC2 instance with one.',
    }),
    hostType: Type.String({
      pattern: '^[a-z0-9-]{2,12}\\.[a-z0-9-]{2,12}$',
      default: defaultHostType,
      description: 'Type of that instance, with an arm64 processor.',
    }),
    hostImage: Type.String({
      pattern: '^(ami-[0-9a-f]{8,17})?$',
      default: '',
      description: 'Its image, an Amazon Linux 2023 for ECS on arm64. Named, so that no deployment changes it unasked.',
    }),
    volumeGb: Type.Integer({
      minimum: 4,
      maximum: 16_384,
      default: 20,
      description: 'Size of the volume that holds the journal and the snapshot on EC2, in GiB.',
    }),
    logDays: Type.Union([Type.Literal('7'), Type.Literal('30'), Type.Literal('90')], {
      default: String(preset.logDays),
      description: 'Days that log lines are kept.',
    }),
    alarmTopic: Type.String({
      pattern: '^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+)?$',
      default: '',
      description: 'ARN of an SNS topic that is told of alarms. Empty = they only stand in CloudWatch.',
    }),
    s3PrefixList: Type.String({
      pattern: '^(pl-[0-9a-f]{8,17})?$',
      default: '',
      description: 'The region’s prefix list of S3, which narrows what functions may reach. Empty = any HTTPS address.',
    }),
  };
}

/** What the deployment decides by itself. */
const decided = [
  'host',
  'respPort',
  'httpPort',
  'linkHost',
  'linkPort',
  'linkAdvertisedHost',
  'linkAdvertisedPort',
  'functions',
  'functionPrefix',
  'functionQualifier',
  'lambdaPort',
  'lambdaEndpoint',
  'adminHost',
  'adminPort',
  'adminHosts',
  'dataDir',
  'store',
  's3Bucket',
  's3Endpoint',
] as const;

/** The whole schema with the defaults of a preset. */
export function deploymentSchema(name: PresetName) {
  const preset = presets[name];
  const all = Type.Object(
    {
      ...nodeSettingsSchema.properties,
      ...proxySettingsSchema.properties,
      nodes: Type.Integer({ ...proxySettingsSchema.properties.nodes, default: preset.nodes }),
      nodeMemoryMb: Type.Integer({ ...proxySettingsSchema.properties.nodeMemoryMb, default: preset.nodeMemoryMb }),
      drainMs: Type.Integer({ ...proxySettingsSchema.properties.drainMs, default: 90_000 }),
      ...ownSettings(preset),
    },
    { additionalProperties: false },
  );
  return Type.Omit(all, [...decided], { additionalProperties: false });
}

export type Deployment = Static<ReturnType<typeof deploymentSchema>>;

/** What ECS leaves a container between asking and killing, at most. */
export const stopTimeoutSeconds = 120;

/** Concurrency that Lambda keeps for an account's other functions. */
const unreservedConcurrency = 100;

/** Memory in MiB that Fargate gives to a processor size: least, most. */
const fargateMemory: ReadonlyMap<number, readonly [number, number]> = new Map([
  [256, [512, 2048]],
  [512, [1024, 4096]],
  [1024, [2048, 8192]],
  [2048, [4096, 16_384]],
  [4096, [8192, 30_720]],
  [8192, [16_384, 61_440]],
  [16_384, [32_768, 122_880]],
]);

/** Reads and checks a deployment's settings; throws one `invalid` with all that is wrong. */
export function readDeployment(sources: SettingsSources): Deployment {
  const presetOnly = Type.Object({ preset: presetSetting }, { additionalProperties: false });
  const { preset } = readSettings(presetOnly, { ...sources, others: [deploymentSchema('dev')] });
  const deployment = readSettings(deploymentSchema(preset), sources);
  const problems = [...fleetProblems(deployment), ...hostProblems(deployment)];
  if (problems.length === 0) return deployment;
  throw new SionError(
    'invalid',
    `The deployment cannot be:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  );
}

function fleetProblems(deployment: Deployment): readonly string[] {
  const { nodes, concurrencyQuota } = deployment;
  const room = concurrencyQuota - unreservedConcurrency;
  const problems: string[] = [];
  if (nodes > room) {
    problems.push(
      `SION_NODES is ${nodes}, but of ${concurrencyQuota} concurrent executions only ${room} can be reserved. Set fewer nodes, or have the quota raised and say so in SION_CONCURRENCY_QUOTA.`,
    );
  }
  for (const check of [
    () => assertSettings(proxySettings(deployment, placeholders)),
    () => nodeSettings({ ...deployment, ...nodeStore }, deployment.nodeMemoryMb),
  ]) {
    try {
      check();
    } catch (thrown) {
      problems.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  return problems;
}

function hostProblems(deployment: Deployment): readonly string[] {
  const {
    proxyHost,
    hostType,
    proxyCpu,
    proxyMemoryMb,
    durability,
    hostImage,
    zones,
    drainMs,
    volumeGb,
    journalBytes,
  } = deployment;
  const problems: string[] = [];
  if (durability === 'journal' && proxyHost === 'fargate') {
    problems.push(
      'SION_DURABILITY is journal, but a task on Fargate loses its disk with every replacement, and acknowledged writes with it. Set SION_PROXY_HOST to ec2.',
    );
  }
  if (proxyHost === 'ec2' && hostImage === '') {
    problems.push(
      'SION_PROXY_HOST is ec2, but SION_HOST_IMAGE is empty. docs/deploying.md says how to find the image.',
    );
  }
  if (proxyHost === 'ec2' && zones !== 1) {
    problems.push(`SION_ZONES is ${zones}, but the volume of an EC2 host lies in one zone. Leave it 1.`);
  }
  if (proxyHost === 'ec2' && journalBytes * 2 > volumeGb * 2 ** 30) {
    problems.push(`SION_VOLUME_GB is ${volumeGb}, but must hold SION_JOURNAL_BYTES (${journalBytes}) twice.`);
  }
  if (proxyHost === 'ec2' && hostType === defaultHostType && (proxyCpu > 2048 || proxyMemoryMb > defaultHostFreeMb)) {
    problems.push(
      `SION_PROXY_CPU ${proxyCpu} and SION_PROXY_MEMORY_MB ${proxyMemoryMb} find no room on SION_HOST_TYPE ${hostType} (2048, ${defaultHostFreeMb}). Lower them, or name a larger type.`,
    );
  }
  const range = fargateMemory.get(proxyCpu);
  if (proxyHost === 'fargate' && (range === undefined || proxyMemoryMb < range[0] || proxyMemoryMb > range[1])) {
    const sizes = [...fargateMemory].map(([cpu, [least, most]]) => `${cpu}: ${least}–${most}`).join(', ');
    problems.push(
      `SION_PROXY_CPU ${proxyCpu} with SION_PROXY_MEMORY_MB ${proxyMemoryMb} is no size of Fargate (${sizes}).`,
    );
  }
  if (drainMs > (stopTimeoutSeconds - 20) * 1000) {
    problems.push(
      `SION_DRAIN_MS is ${drainMs}, but ECS kills a task after ${stopTimeoutSeconds} s. Set at most ${(stopTimeoutSeconds - 20) * 1000}.`,
    );
  }
  return problems;
}

/** What only the deployed resources know: names and addresses. */
export interface Places {
  readonly bucketName: string;
  /** The name by which functions and clients reach the proxy. */
  readonly proxyName: string;
  readonly functionQualifier: string;
}

const placeholders: Places = { bucketName: 'bucket', proxyName: 'proxy.example', functionQualifier: 'v-1' };

const nodeStore = { store: 's3', s3Bucket: 'bucket', s3Endpoint: '', dataDir: '/' } as const;

/** Where the proxy's own files lie in its container. */
export const dataFolder = '/var/lib/sion';

/** The functions' names begin with it. */
export function functionPrefix({ deployment }: Pick<Deployment, 'deployment'>): string {
  return `${deployment}-node-`;
}

/** The proxy's settings in full. It listens on all of its addresses: the security groups say who reaches which port. */
export function proxySettings(deployment: Deployment, places: Places) {
  return {
    ...deployment,
    host: '0.0.0.0',
    respPort: 6380,
    httpPort: 6381,
    linkHost: '0.0.0.0',
    linkPort: 6382,
    linkAdvertisedHost: places.proxyName,
    linkAdvertisedPort: 0,
    functions: 'lambda' as const,
    functionPrefix: functionPrefix(deployment),
    functionQualifier: places.functionQualifier,
    lambdaPort: 6383,
    lambdaEndpoint: '',
    adminHost: '0.0.0.0',
    adminPort: 6384,
    adminHosts: places.proxyName,
    dataDir: dataFolder,
    store: 's3' as const,
    s3Bucket: places.bucketName,
    s3Endpoint: '',
  };
}

/** The nodes' settings in full. */
export function nodeEnvironmentSettings(deployment: Deployment, bucketName: string) {
  return { ...deployment, store: 's3' as const, s3Bucket: bucketName, s3Endpoint: '', dataDir: '/tmp' };
}
