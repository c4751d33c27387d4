/**
 * Who reaches whom: one security group per party, and every rule of them in this file. SION has no users and no TLS yet:
 * these rules alone keep strangers out, so that none may ever name a public address as a source.
 *
 * | from       | to              | ports                            |
 * |------------|-----------------|----------------------------------|
 * | clients    | proxy           | RESP 6380, HTTP 6381             |
 * | operators  | proxy           | admin 6384                       |
 * | functions  | proxy           | links 6382                       |
 * | functions  | S3              | HTTPS                            |
 * | proxy      | endpoints, S3   | HTTPS                            |
 * | host (EC2) | endpoints, S3   | HTTPS                            |
 */
import { type IPeer, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface SecurityGroupsProps {
  readonly vpc: IVpc;
  /** The region's prefix list of S3; empty = any address by HTTPS, of which isolated subnets reach S3 and endpoints only. */
  readonly s3PrefixList: string;
}

/** The proxy's ports. */
export const ports = { resp: 6380, http: 6381, link: 6382, admin: 6384 } as const;

export class SecurityGroups extends Construct {
  /** For whoever uses SION: attach it to your clients. */
  readonly clients: SecurityGroup;
  /** For whoever looks after it: status, metrics, warming and invalidating. */
  readonly operators: SecurityGroup;
  readonly functions: SecurityGroup;
  readonly proxy: SecurityGroup;
  /** The EC2 instance beneath the proxy, where there is one. */
  readonly host: SecurityGroup;
  readonly endpoints: SecurityGroup;

  constructor(scope: Construct, id: string, { vpc, s3PrefixList }: SecurityGroupsProps) {
    super(scope, id);
    const group = (name: string, description: string) =>
      new SecurityGroup(this, name, { vpc, description, allowAllOutbound: false });
    this.clients = group('Clients', 'SION: its clients');
    this.operators = group('Operators', 'SION: its operators');
    this.functions = group('Functions', 'SION: functions that serve as memory');
    this.proxy = group('Proxy', 'SION: the proxy');
    this.host = group('Host', 'SION: the instance beneath the proxy');
    this.endpoints = group('Endpoints', 'SION: endpoints of AWS APIs');
    allow(this.clients, this.proxy, ports.resp, 'RESP');
    allow(this.clients, this.proxy, ports.http, 'HTTP');
    allow(this.operators, this.proxy, ports.admin, 'status and metrics');
    allow(this.functions, this.proxy, ports.link, 'links');
    allow(this.proxy, this.endpoints, 443, 'AWS APIs');
    allow(this.host, this.endpoints, 443, 'AWS APIs');
    const s3: IPeer = s3PrefixList === '' ? Peer.anyIpv4() : Peer.prefixList(s3PrefixList);
    for (const caller of [this.functions, this.proxy, this.host]) caller.addEgressRule(s3, Port.tcp(443), 'S3');
  }
}

function allow(from: SecurityGroup, to: SecurityGroup, port: number, what: string): void {
  to.addIngressRule(from, Port.tcp(port), what);
  from.addEgressRule(to, Port.tcp(port), what);
}
