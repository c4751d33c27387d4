/**
 * How the proxy is found: a private name in the network, which ECS points to the task that runs. Functions are told this
 * name, clients use it; it answers within the network alone.
 */
import { Duration } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { DnsRecordType, PrivateDnsNamespace, type Service } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';

export interface DiscoveryProps {
  readonly vpc: IVpc;
  /** The deployment's name: the zone is `<name>.internal`. */
  readonly deployment: string;
}

export class Discovery extends Construct {
  /** E.g. `proxy.sion.internal`. */
  readonly proxyName: string;
  readonly service: Service;

  constructor(scope: Construct, id: string, { vpc, deployment }: DiscoveryProps) {
    super(scope, id);
    const zone = `${deployment}.internal`;
    const namespace = new PrivateDnsNamespace(this, 'Namespace', { name: zone, vpc });
    this.service = namespace.createService('Proxy', {
      name: 'proxy',
      dnsRecordType: DnsRecordType.A,
      // What functions and clients may remember of a proxy that was replaced.
      dnsTtl: Duration.seconds(5),
      description: 'The proxy of SION',
    });
    this.proxyName = `proxy.${zone}`;
  }
}
