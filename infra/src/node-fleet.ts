/**
 * The fleet: one function per node, all with the same code, role and log. Functions are always in nested stacks, so many in
 * each: a stack has at most 500 resources, and a node must stay in its stack when the fleet grows, because a name that moves
 * between stacks is there twice for a while.
 *
 * A function's memory is lost with its code. So the proxy invokes a published version, by an alias whose name is the hash of
 * all that makes an instance: a deployment that changes nothing of it leaves the instances alone. One that does adds a version
 * and an alias; the old ones go when the proxy no longer calls them, so that a way back to earlier code is a deployment like
 * any other.
 */
import { createHash } from 'node:crypto';
import { NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAlias, CfnFunction, CfnVersion } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { logRetention } from './log-retention.ts';
import { justifyWildcard } from './wildcards.ts';

/** The node's bundle, as its builder tells of it. */
export interface NodeCode {
  readonly folder: string;
  readonly handler: string;
  readonly codeVersion: string;
}

export interface NodeFleetProps {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly bucket: IBucket;
  readonly code: NodeCode;
  readonly nodes: number;
  /** Of each function, in MiB. */
  readonly memoryMb: number;
  /** A function's name is this and its number as at least three digits, as the proxy names it. */
  readonly functionPrefix: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the names of objects in the bucket begin with; empty = nothing. */
  readonly prefix: string;
  readonly logDays: number;
}

/** Three resources each: 450 of the 500 that a stack may have. */
const nodesPerStack = 150;

/** Longer than a session may last (5 minutes), with room to end it; the proxy waits for 6 minutes. */
const timeoutSeconds = 330;

export class NodeFleet extends Construct {
  /** The alias by which every function of this fleet is invoked. */
  readonly qualifier: string;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFleetProps) {
    super(scope, id);
    this.qualifier = qualifierOf(props);
    const logGroup = new LogGroup(this, 'Log', {
      retention: logRetention(props.logDays),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = createRole(this, props, logGroup);
    const code = new Asset(this, 'Code', { path: props.code.folder });
    for (let first = 0; first < props.nodes; first += nodesPerStack) {
      const stack = new NestedStack(this, `Nodes${first}`);
      const end = Math.min(first + nodesPerStack, props.nodes);
      for (let index = first; index < end; index += 1) {
        addNode(stack, index, props, { qualifier: this.qualifier, role: this.role, logGroup, code });
      }
    }
  }
}

interface NodeParts {
  readonly qualifier: string;
  readonly role: Role;
  readonly logGroup: LogGroup;
  readonly code: Asset;
}

function addNode(stack: Stack, index: number, props: NodeFleetProps, parts: NodeParts): void {
  const { qualifier, role, logGroup, code } = parts;
  const name = `${props.functionPrefix}${String(index).padStart(3, '0')}`;
  const node = new CfnFunction(stack, `Node${index}`, {
    functionName: name,
    description: `SION: memory, node ${index}`,
    architectures: ['arm64'],
    runtime: 'nodejs24.x',
    handler: props.code.handler,
    code: { s3Bucket: code.s3BucketName, s3Key: code.s3ObjectKey },
    role: role.roleArn,
    memorySize: props.memoryMb,
    timeout: timeoutSeconds,
    // One instance per node: a second one would be a second memory under the same name.
    reservedConcurrentExecutions: 1,
    vpcConfig: {
      subnetIds: props.vpc.isolatedSubnets.map(({ subnetId }) => subnetId),
      securityGroupIds: [props.securityGroup.securityGroupId],
    },
    environment: { variables: { ...props.environment } },
    // Text: the proxy reads the REPORT line of each invocation, which the JSON form has not.
    loggingConfig: { logGroup: logGroup.logGroupName, logFormat: 'Text' },
  });
  const version = new CfnVersion(stack, `Node${index}-${qualifier}`, { functionName: node.ref });
  new CfnAlias(stack, `Node${index}-${qualifier}-alias`, {
    name: qualifier,
    functionName: node.ref,
    functionVersion: version.attrVersion,
  });
}

/** A name that changes exactly when an instance made of it would be another. */
function qualifierOf({ code, memoryMb, environment, prefix }: NodeFleetProps): string {
  const given = Object.entries(environment).filter(([name]) => name !== 'SION_S3_BUCKET');
  const whole = JSON.stringify([code.codeVersion, code.handler, memoryMb, timeoutSeconds, prefix, given]);
  return `v-${createHash('sha256').update(whole).digest('hex').slice(0, 12)}`;
}

/** The leave of every function: its log, its network interface, and reading the store. */
function createRole(scope: Construct, props: NodeFleetProps, logGroup: LogGroup): Role {
  const { partition, region, account } = Stack.of(scope);
  const objects = props.bucket.arnForObjects(props.prefix === '' ? '*' : `${props.prefix}/*`);
  const interfaces = [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ];
  const functions = `arn:${partition}:lambda:${region}:${account}:function:${props.functionPrefix}*`;
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: 'SION: functions that serve as memory',
    inlinePolicies: {
      node: new PolicyDocument({
        statements: [
          // Lists too: without it, S3 says of a missing object that it is forbidden.
          new PolicyStatement({ actions: ['s3:GetObject'], resources: [objects] }),
          new PolicyStatement({ actions: ['s3:ListBucket'], resources: [props.bucket.bucketArn] }),
          new PolicyStatement({
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logGroup.logGroupArn],
          }),
          // Lambda itself makes the interfaces with this role, before the ids of any are known.
          new PolicyStatement({ actions: interfaces, resources: ['*'] }),
          // The functions' own code must not.
          new PolicyStatement({
            effect: Effect.DENY,
            actions: interfaces,
            resources: ['*'],
            conditions: { ArnLike: { 'lambda:SourceFunctionArn': functions } },
          }),
        ],
      }),
    },
  });
  justifyWildcard(role, '*', 'Lambda makes the network interfaces of functions with it, before any has an ARN.');
  justifyWildcard(role, objects, 'The objects of this store’s prefix.');
  return role;
}
