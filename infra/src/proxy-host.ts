/**
 * The EC2 host of a proxy whose disk must outlive its tasks, as durability `journal` needs: one instance of the cluster, and
 * a volume that is kept when the stack goes. The instance's image is named in the settings: a newer one would replace the
 * instance, which the attached volume does not let happen unasked.
 */
import { CfnDeletionPolicy, Stack, Tags, Validations } from 'aws-cdk-lib';
import {
  BlockDeviceVolume,
  CfnVolume,
  CfnVolumeAttachment,
  EbsDeviceVolumeType,
  Instance,
  InstanceType,
  type ISecurityGroup,
  type IVpc,
  OperatingSystemType,
  SubnetType,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { dataFolder } from './settings.ts';
import { justifyWildcard } from './wildcards.ts';

export interface ProxyHostInstanceProps {
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly cluster: Cluster;
  /** E.g. `m7g.large`: arm64, as the proxy's image. */
  readonly instanceType: string;
  /** An Amazon Linux 2023 for ECS on arm64. */
  readonly imageId: string;
  /** In GiB. */
  readonly volumeGb: number;
}

/** The user `node` of the proxy's image. */
const proxyUser = '1000:1000';

export class ProxyHostInstance extends Construct {
  readonly instance: Instance;

  constructor(scope: Construct, id: string, props: ProxyHostInstanceProps) {
    super(scope, id);
    const userData = UserData.forLinux();
    userData.addCommands(...setUp(props.cluster.clusterName));
    this.instance = new Instance(this, 'Instance', {
      vpc: props.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroup: props.securityGroup,
      instanceType: new InstanceType(props.instanceType),
      machineImage: { getImage: () => ({ imageId: props.imageId, osType: OperatingSystemType.LINUX, userData }) },
      role: createHostRole(this, props.cluster),
      requireImdsv2: true,
      associatePublicIpAddress: false,
      detailedMonitoring: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(30, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
        },
      ],
    });
    Validations.of(this.instance).acknowledge({
      id: 'CloudFormation-Validate::W9010',
      reason: 'The image is named in the settings, so that no deployment replaces the instance unasked.',
    });
    Validations.of(this.instance).acknowledge({
      id: 'AwsSolutions-EC29',
      reason:
        'What must not be lost is on the volume, which is kept; a protected instance could not be destroyed by command.',
    });
    const volume = new CfnVolume(this, 'Volume', {
      availabilityZone: this.instance.instanceAvailabilityZone,
      size: props.volumeGb,
      volumeType: 'gp3',
      encrypted: true,
    });
    volume.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
    volume.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    Tags.of(volume).add('Name', `${Stack.of(this).stackName} journal`);
    new CfnVolumeAttachment(this, 'Attachment', {
      instanceId: this.instance.instanceId,
      volumeId: volume.ref,
      device: '/dev/sdf',
    });
  }
}

/** Runs at the first start, before ECS's agent: no task starts without the volume. */
function setUp(clusterName: string): readonly string[] {
  return [
    'set -e',
    `echo ECS_CLUSTER=${clusterName} >> /etc/ecs/ecs.config`,
    'echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config',
    'until [ -e /dev/sdf ]; do sleep 1; done',
    'blkid /dev/sdf || mkfs.xfs /dev/sdf',
    `mkdir -p ${dataFolder}`,
    `echo "/dev/sdf ${dataFolder} xfs defaults,noatime 0 2" >> /etc/fstab`,
    `mount ${dataFolder}`,
    `chown ${proxyUser} ${dataFolder}`,
  ];
}

/** The leave of the instance: what ECS's agent asks for, as AWS lists it for container instances. */
function createHostRole(scope: Construct, cluster: Cluster): Role {
  const { partition, region, account } = Stack.of(scope);
  const instances = `arn:${partition}:ecs:${region}:${account}:container-instance/*`;
  const onCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    description: 'SION: the agent of ECS on the instance beneath the proxy',
    inlinePolicies: {
      agent: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['ecs:RegisterContainerInstance', 'ecs:DeregisterContainerInstance'],
            resources: [cluster.clusterArn],
          }),
          // Instances and tasks get their ids later: any of this cluster.
          new PolicyStatement({
            actions: ['ecs:Poll', 'ecs:StartTelemetrySession', 'ecs:UpdateContainerInstancesState'],
            resources: [instances],
            conditions: onCluster,
          }),
          new PolicyStatement({
            actions: [
              'ecs:SubmitContainerStateChange',
              'ecs:SubmitTaskStateChange',
              'ecs:SubmitAttachmentStateChanges',
            ],
            resources: [cluster.clusterArn],
          }),
          // It finds where to call, and has no resource.
          new PolicyStatement({ actions: ['ecs:DiscoverPollEndpoint'], resources: ['*'] }),
        ],
      }),
    },
  });
  justifyWildcard(role, '*', 'Discovering an endpoint has no resource.');
  justifyWildcard(role, instances, 'Instances of this cluster alone, by condition: their ids come later.');
  return role;
}
