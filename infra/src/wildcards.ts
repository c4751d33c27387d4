/**
 * Wildcards in roles, each with its reason, in the words that the AwsSolutions rules ask for: a wildcard that nobody gave a
 * reason for fails the test. It grants nothing.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';

/** Says why the role names `resource` with a wildcard: `*`, or an ARN that may hold tokens. */
export function justifyWildcard(role: Role, resource: string, reason: string): void {
  const resolved: unknown = Stack.of(role).resolve(resource);
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${withNames(resolved)}]`, reason });
}

/** A resolved ARN as text, what AWS fills in between angle brackets. */
function withNames(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(withNames).join('');
  if (typeof value !== 'object' || value === null) throw new Error(`An ARN cannot hold ${JSON.stringify(value)}.`);
  const { Ref: name, 'Fn::GetAtt': attribute, 'Fn::Join': join }: Record<string, unknown> = { ...value };
  if (typeof name === 'string') return `<${name}>`;
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  if (Array.isArray(join)) return withNames(join[1]);
  throw new Error(`An ARN cannot hold ${JSON.stringify(value)}.`);
}
