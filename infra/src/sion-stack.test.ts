/** What is deployed, by its templates: who reaches whom, who may do what, and that services take their environments. */

import { readSettings } from '@sion/components';
import { nodeSettingsSchema } from '@sion/node';
import { readProxySettings } from '@sion/proxy';
import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { interfaceServices } from './network.ts';
import { onEc2, type Resource, synthesize } from './templates.test-data.ts';

const dev = synthesize();
const host = synthesize(onEc2);

/** Tokens as text: what they stand for is known to AWS alone. */
const asText = (value: unknown) => (typeof value === 'string' ? value : 'token');

function proxyContainer(resources: readonly Resource[]) {
  const task = resources.find(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
  const [container] = task!.Properties['ContainerDefinitions'] as Record<string, unknown>[];
  return container!;
}

function environmentOf(resources: readonly Resource[]): Record<string, string> {
  const given = proxyContainer(resources)['Environment'] as { Name: string; Value: unknown }[];
  return Object.fromEntries(given.map(({ Name, Value }) => [Name, asText(Value)]));
}

describe.each([
  ['on Fargate', dev, 'fargate'],
  ['on EC2', host, 'ec2'],
] as const)('%s', (_, { ofType, resources }, proxyHost) => {
  test('nothing has a public address, or a way out', () => {
    for (const type of ['InternetGateway', 'NatGateway', 'EIP', 'VPCGatewayAttachment']) {
      expect(ofType(`AWS::EC2::${type}`)).toEqual([]);
    }
    expect(ofType('AWS::EC2::Subnet').map(({ Properties }) => Properties['MapPublicIpOnLaunch'])).toEqual([false]);
    expect(JSON.stringify(resources)).not.toMatch(/"AssignPublicIp":"ENABLED"|"AssociatePublicIpAddress":true/);
  });

  test('no rule lets an address in; each names a group', () => {
    const rules = ofType('AWS::EC2::SecurityGroupIngress').map(({ Properties }) => Properties);
    expect(JSON.stringify(resources)).not.toContain('"SecurityGroupIngress":[');
    expect(rules.every((rule) => rule['CidrIp'] === undefined && rule['SourceSecurityGroupId'] !== undefined)).toBe(
      true,
    );
    expect(rules.map((rule) => `${asText(rule['Description'])} ${String(rule['FromPort'])}`).toSorted()).toEqual([
      'AWS APIs 443',
      'AWS APIs 443',
      'HTTP 6381',
      'RESP 6380',
      'links 6382',
      'status and metrics 6384',
    ]);
  });

  test('each API that is called has an endpoint, and S3 its gateway', () => {
    const endpoints = ofType('AWS::EC2::VPCEndpoint').map(({ Properties }) => Properties);
    const names = endpoints.map(({ ServiceName }) => JSON.stringify(ServiceName));
    for (const service of interfaceServices(proxyHost)) {
      expect(names.filter((name) => name.includes(`.${service}"`))).toHaveLength(1);
    }
    expect(names).toHaveLength(interfaceServices(proxyHost).length + 1);
    const gateways = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Gateway');
    expect(JSON.stringify(gateways)).toContain('.s3"');
  });

  test('the proxy takes its environment', () => {
    const environment = environmentOf(resources);
    expect(readProxySettings(environment)).toMatchObject({
      functions: 'lambda',
      store: 's3',
      s3Bucket: 'token',
      linkAdvertisedHost: 'proxy.sion.internal',
      functionPrefix: 'sion-node-',
      dataDir: '/var/lib/sion',
    });
  });

  test('the proxy is not root, writes to its folder alone, and is one at a time', () => {
    expect(proxyContainer(resources)).toMatchObject({
      ReadonlyRootFilesystem: true,
      User: 'node',
      Privileged: false,
      StopTimeout: 120,
      MountPoints: [{ ContainerPath: '/var/lib/sion', ReadOnly: false }],
    });
    expect(ofType('AWS::ECS::Service')[0]?.Properties).toMatchObject({
      DesiredCount: 1,
      EnableExecuteCommand: false,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 0,
        MaximumPercent: 100,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
  });
});

test('each function takes its environment, is alone, and has one version under the name that the proxy invokes', () => {
  const functions = dev.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties);
  expect(functions).toHaveLength(24);
  for (const node of functions) {
    const { Variables } = node['Environment'] as { Variables: Record<string, unknown> };
    const environment = Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, asText(value)]));
    expect(readSettings(nodeSettingsSchema, { environment })).toMatchObject({ store: 's3', s3Bucket: 'token' });
    expect(node).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      ReservedConcurrentExecutions: 1,
      Timeout: 330,
      MemorySize: 512,
    });
  }
  expect(functions.map(({ FunctionName }) => FunctionName)).toContain('sion-node-023');
  const aliases = dev.ofType('AWS::Lambda::Alias');
  const { SION_FUNCTION_QUALIFIER: qualifier } = environmentOf(dev.resources);
  expect(aliases.map(({ Properties }) => Properties['Name'])).toEqual(functions.map(() => qualifier));
  // One that were kept would stand in the way of a deployment that goes back to its code.
  for (const one of [...aliases, ...dev.ofType('AWS::Lambda::Version')]) expect(one.DeletionPolicy).toBeUndefined();
});

describe('what an instance is made of names its version', () => {
  const qualifier = (environment: Record<string, string>, code?: string) =>
    synthesize(environment, code).stack.fleet.qualifier;

  test('settings of the proxy change nothing', () => {
    expect(qualifier({ SION_MAX_USD_PER_HOUR: '1', SION_PROXY_CPU: '2048', SION_PROXY_MEMORY_MB: '4096' })).toBe(
      dev.stack.fleet.qualifier,
    );
  });

  test.each([
    ['other code', {}, 'other'],
    ['other memory', { SION_NODE_MEMORY_MB: '1024' }, 'c0de'],
    ['another setting of the node', { SION_NODE_LOG_LEVEL: 'debug' }, 'c0de'],
  ] as const)('%s does', (_, environment, code) => {
    expect(qualifier(environment, code)).not.toBe(dev.stack.fleet.qualifier);
  });
});

test('a thousand functions: no stack has more than 500 resources', () => {
  const { stacks, ofType } = synthesize({ SION_NODES: '1000', SION_CONCURRENCY_QUOTA: '2000' });
  expect(ofType('AWS::Lambda::Function')).toHaveLength(1000);
  expect(stacks).toHaveLength(1 + 7);
  expect(Math.max(...stacks.map((one) => Object.keys(one).length))).toBeLessThanOrEqual(500);
});

test('the store is private, encrypted, by TLS only, versioned, and outlives the stack', () => {
  const [bucket] = dev.ofType('AWS::S3::Bucket');
  expect(bucket).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      VersioningConfiguration: { Status: 'Enabled' },
    },
  });
  expect(JSON.stringify(bucket)).toContain('"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}');
  expect(JSON.stringify(dev.ofType('AWS::S3::BucketPolicy'))).toContain('"aws:SecureTransport":"false"');
});

test('roles may do this, and nothing else', () => {
  const allowed = (resources: Template) =>
    Object.fromEntries(
      Object.values((resources.toJSON() as { Resources: Record<string, Resource> }).Resources)
        .filter(({ Type }) => Type === 'AWS::IAM::Role')
        .map(({ Properties }) => {
          const policies = Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
          expect(Properties['ManagedPolicyArns']).toBeUndefined();
          return [
            Properties['Description'],
            policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(actionsOf)),
          ];
        }),
    );
  expect(dev.ofType('AWS::IAM::Policy')).toEqual([]);
  expect(allowed(dev.template)).toEqual({
    'SION: functions that serve as memory': [
      's3:GetObject',
      's3:ListBucket',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    'SION: the proxy': [
      's3:GetObject',
      's3:PutObject',
      's3:DeleteObject',
      's3:AbortMultipartUpload',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      'lambda:InvokeFunction',
    ],
    'SION: starting the proxy': [
      'ecr:GetAuthorizationToken',
      'ecr:BatchCheckLayerAvailability',
      'ecr:GetDownloadUrlForLayer',
      'ecr:BatchGetImage',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ],
  });
});

test('the volume of a journal is encrypted, kept, and beneath the proxy’s folder', () => {
  expect(host.ofType('AWS::EC2::Volume')[0]).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: { Encrypted: true, Size: 20, VolumeType: 'gp3' },
  });
  const [task] = host.ofType('AWS::ECS::TaskDefinition');
  expect(task?.Properties['Volumes']).toEqual([{ Name: 'data', Host: { SourcePath: '/var/lib/sion' } }]);
  expect(dev.ofType('AWS::EC2::Volume')).toEqual([]);
});

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
}

function actionsOf({ Effect, Action }: Statement): readonly string[] {
  if (Effect !== 'Allow') return [];
  return typeof Action === 'string' ? [Action] : Action;
}
