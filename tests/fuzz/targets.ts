/** The targets by name. */
import { openHttpTarget } from './http-target.ts';
import { openLinkNodeTarget } from './link-node-target.ts';
import { openLinkProxyTarget } from './link-proxy-target.ts';
import { openRespTarget } from './resp-target.ts';
import type { FuzzTarget } from './target.ts';

const targets = {
  resp: openRespTarget,
  http: openHttpTarget,
  'link-proxy': openLinkProxyTarget,
  'link-node': openLinkNodeTarget,
} as const satisfies Record<string, () => Promise<FuzzTarget>>;

export type TargetName = keyof typeof targets;

export const targetNames = Object.keys(targets).filter(isTargetName);

export function isTargetName(name: string): name is TargetName {
  return Object.hasOwn(targets, name);
}

export function openTarget(name: TargetName): Promise<FuzzTarget> {
  return targets[name]();
}
