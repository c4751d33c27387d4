/**
 * The proxy: one task of ECS, on Fargate or on an EC2 host with a volume. A store has one owner, so that a deployment stops
 * the old task before it starts the new one (minimum healthy 0 %, maximum 100 %); what was taken is finished first, within
 * the time-out of the stop. A deployment whose task does not stay healthy is rolled back.
 */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  CfnService,
  Cluster,
  Compatibility,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  LogDrivers,
  NetworkMode,
  OperatingSystemFamily,
  TaskDefinition,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Service } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import { logRetention } from './log-retention.ts';
import type { ProxyHost } from './network.ts';
import { ports } from './security-groups.ts';
import { dataFolder, stopTimeoutSeconds } from './settings.ts';
import { justifyWildcard } from './wildcards.ts';

export interface ProxyServiceProps {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly bucket: IBucket;
  readonly discovery: Service;
  /** The context of the image's build. */
  readonly imageFolder: string;
  readonly host: ProxyHost;
  /** 1024 = one vCPU. */
  readonly cpu: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly functionPrefix: string;
  /** What the names of objects in the bucket begin with; empty = nothing. */
  readonly prefix: string;
  readonly logDays: number;
}

/** A proxy that takes over from one that was killed waits for its lease to end: a minute by default. */
const startPeriodSeconds = 300;

export class ProxyService extends Construct {
  readonly cluster: Cluster;
  readonly service: CfnService;
  readonly logGroup: LogGroup;
  readonly taskRole: Role;
  readonly executionRole: Role;

  constructor(scope: Construct, id: string, props: ProxyServiceProps) {
    super(scope, id);
    this.cluster = new Cluster(this, 'Cluster', { vpc: props.vpc, containerInsightsV2: ContainerInsights.DISABLED });
    Validations.of(this.cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason:
        'One task: its processor and memory are in the metrics of ECS, the rest in its own; insights cost per task.',
    });
    this.logGroup = new LogGroup(this, 'Log', {
      retention: logRetention(props.logDays),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const image = new DockerImageAsset(this, 'Image', { directory: props.imageFolder, platform: Platform.LINUX_ARM64 });
    this.taskRole = createTaskRole(this, props);
    this.executionRole = createExecutionRole(this, image, this.logGroup);
    const task = this.#createTask(props, image);
    this.service = this.#createService(props, task);
  }

  #createTask(props: ProxyServiceProps, image: DockerImageAsset): TaskDefinition {
    const task = new TaskDefinition(this, 'Task', {
      compatibility: props.host === 'ec2' ? Compatibility.EC2 : Compatibility.FARGATE,
      networkMode: NetworkMode.AWS_VPC,
      cpu: String(props.cpu),
      memoryMiB: String(props.memoryMb),
      ...(props.host === 'ec2'
        ? {}
        : {
            runtimePlatform: {
              cpuArchitecture: CpuArchitecture.ARM64,
              operatingSystemFamily: OperatingSystemFamily.LINUX,
            },
          }),
      // What may be done is listed below, in full: nothing adds to it.
      taskRole: this.taskRole.withoutPolicyUpdates(),
      executionRole: this.executionRole.withoutPolicyUpdates(),
      // On EC2 the host's volume; on Fargate a folder that goes with the task.
      volumes: [{ name: 'data', ...(props.host === 'ec2' ? { host: { sourcePath: dataFolder } } : {}) }],
    });
    const container = task.addContainer('proxy', {
      image: ContainerImage.fromDockerImageAsset(image),
      memoryLimitMiB: props.memoryMb,
      environment: { ...props.environment, AWS_REGION: Stack.of(this).region },
      logging: LogDrivers.awsLogs({ streamPrefix: 'proxy', logGroup: this.logGroup }),
      readonlyRootFilesystem: true,
      privileged: false,
      user: 'node',
      stopTimeout: Duration.seconds(stopTimeoutSeconds),
      portMappings: Object.values(ports).map((containerPort) => ({ containerPort })),
      healthCheck: {
        command: ['CMD', 'wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${ports.http}/healthz`],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(startPeriodSeconds),
      },
    });
    container.addMountPoints({ sourceVolume: 'data', containerPath: dataFolder, readOnly: false });
    container.addUlimits({ name: UlimitName.NOFILE, softLimit: 65_536, hardLimit: 65_536 });
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The environment holds settings, which are no secrets: SION has no users yet.',
    });
    return task;
  }

  /** The service as CloudFormation knows it: the same for both hosts. */
  #createService(props: ProxyServiceProps, task: TaskDefinition): CfnService {
    const service = new CfnService(this, 'Service', {
      cluster: this.cluster.clusterArn,
      taskDefinition: task.taskDefinitionArn,
      launchType: props.host === 'ec2' ? 'EC2' : 'FARGATE',
      ...(props.host === 'ec2' ? {} : { platformVersion: 'LATEST' }),
      desiredCount: 1,
      enableExecuteCommand: false,
      deploymentConfiguration: {
        minimumHealthyPercent: 0,
        maximumPercent: 100,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: props.vpc.isolatedSubnets.map(({ subnetId }) => subnetId),
          securityGroups: [props.securityGroup.securityGroupId],
          ...(props.host === 'ec2' ? {} : { assignPublicIp: 'DISABLED' }),
        },
      },
      serviceRegistries: [{ registryArn: props.discovery.serviceArn }],
    });
    // A task that starts before it may do anything fails, and the deployment with it.
    service.node.addDependency(this.taskRole, this.executionRole);
    return service;
  }
}

/** The leave of the proxy itself. */
function createTaskRole(scope: Construct, { bucket, prefix, functionPrefix }: ProxyServiceProps): Role {
  const { partition, region, account } = Stack.of(scope);
  const objects = bucket.arnForObjects(prefix === '' ? '*' : `${prefix}/*`);
  // A wildcard for the numbers: a policy has no room for the ARNs of a thousand functions, nor for their versions.
  const functions = `arn:${partition}:lambda:${region}:${account}:function:${functionPrefix}*`;
  const role = new Role(scope, 'TaskRole', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: 'SION: the proxy',
    inlinePolicies: {
      proxy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
            resources: [objects],
          }),
          new PolicyStatement({
            actions: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
            resources: [bucket.bucketArn],
          }),
          new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functions] }),
        ],
      }),
    },
  });
  justifyWildcard(role, objects, 'The objects of this store’s prefix.');
  justifyWildcard(role, functions, 'This deployment’s functions, by the beginning of their names.');
  return role;
}

/** The leave of ECS on behalf of the task: its image and its log. */
function createExecutionRole(scope: Construct, image: DockerImageAsset, logGroup: LogGroup): Role {
  const role = new Role(scope, 'ExecutionRole', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: 'SION: starting the proxy',
    inlinePolicies: {
      start: new PolicyDocument({
        statements: [
          // ECR knows no resource for it: the token only identifies who asks.
          new PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
          new PolicyStatement({
            actions: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            resources: [image.repository.repositoryArn],
          }),
          new PolicyStatement({
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logGroup.logGroupArn],
          }),
        ],
      }),
    },
  });
  justifyWildcard(role, '*', 'ECR knows no resource for its token, which only identifies who asks.');
  return role;
}
