/**
 * What a deployment will cost, before it is made: the floor that is due without any request, what keeping memory warm costs,
 * and what reading adds. Pure sums over the price book; an estimate, whose assumptions are printed with it. Free tiers,
 * taxes, transfer and the store's bytes are left out.
 */
import { functionUsdPerSecond, invocationUsd, type PriceBook, priceBook, stripeOf } from '@sion/core';
import { stripesOf } from '@sion/proxy';
import { interfaceServices } from './network.ts';
import type { Deployment } from './settings.ts';

export interface EstimateRow {
  readonly what: string;
  readonly usdPerHour: number;
}

export interface Estimate {
  /** Due without a single request. */
  readonly floor: readonly EstimateRow[];
  /** All functions kept warm, as after they have all been used within the active windows. */
  readonly warm: EstimateRow;
  /** All functions awake all the time: functions cost no more. */
  readonly mostUsdPerHour: number;
  /** Reads of 10 MB per second, and what functions cost for them, warm-ups left out. */
  readonly reads: readonly { readonly perSecond: number; readonly usdPerHour: number }[];
}

const hoursPerMonth = 730;
const alarms = 12;

/** A touch of an idle function returns at once. */
const warmUpBilledMs = 5;

/** A function that delivers a piece of an object: the transfer, and some waiting for another request. */
const readBilledMs = 100;

const readBytes = 10_000_000;

export function estimateCost(deployment: Deployment, book: PriceBook = priceBook): Estimate {
  const { nodes, nodeMemoryMb, warmActiveSeconds } = deployment;
  const perInvocation = (billedMs: number) => invocationUsd(book, 'arm64', nodeMemoryMb, billedMs);
  const mostUsdPerHour = nodes * functionUsdPerSecond(book, 'arm64', nodeMemoryMb) * 3600;
  const warmUps = warmActiveSeconds === 0 ? 0 : (nodes * 3600) / warmActiveSeconds;
  const { dataChunks } = stripeOf(readBytes, stripesOf(deployment));
  return {
    floor: floorOf(deployment, book),
    warm: {
      what: `${nodes} functions of ${nodeMemoryMb} MB kept warm`,
      usdPerHour: warmUps * perInvocation(warmUpBilledMs),
    },
    mostUsdPerHour,
    reads: [0, 1, 10, 100].map((perSecond) => ({
      perSecond,
      usdPerHour: Math.min(perSecond * 3600 * dataChunks * perInvocation(readBilledMs), mostUsdPerHour),
    })),
  };
}

function floorOf(deployment: Deployment, book: PriceBook): readonly EstimateRow[] {
  const { proxyHost, proxyCpu, proxyMemoryMb, hostType, volumeGb, zones } = deployment;
  const endpoints = interfaceServices(proxyHost).length * zones;
  const perMonth = book['private-zone-month'].usd + alarms * book['alarm-month'].usd;
  const fargate =
    (proxyCpu / 1024) * book['fargate-vcpu-hour-arm64'].usd +
    (proxyMemoryMb / 1024) * book['fargate-gb-hour-arm64'].usd;
  const volumes = ((volumeGb + 30) * book['ebs-gp3-gb-month'].usd) / hoursPerMonth;
  return [
    ...(proxyHost === 'fargate'
      ? [{ what: `proxy: Fargate, ${proxyCpu / 1024} vCPU, ${proxyMemoryMb} MB`, usdPerHour: fargate }]
      : [
          {
            what: `proxy: EC2 ${hostType}${hostType === 'm7g.large' ? '' : ' (taken for m7g.large: no price is known)'}`,
            usdPerHour: book['ec2-m7g.large-hour'].usd,
          },
          { what: `its volumes: ${volumeGb} GB and 30 GB`, usdPerHour: volumes },
        ]),
    { what: `${endpoints} interface endpoints`, usdPerHour: endpoints * book['endpoint-hour'].usd },
    { what: 'private zone, alarms', usdPerHour: perMonth / hoursPerMonth },
  ];
}

/** For people, without a last line feed. */
export function formatEstimate(deployment: Deployment, estimate: Estimate): string {
  const { floor, warm, mostUsdPerHour, reads } = estimate;
  const floorUsd = floor.reduce((sum, { usdPerHour }) => sum + usdPerHour, 0);
  const line = (what: string, usdPerHour: number) =>
    `  ${what.padEnd(52)} $${usdPerHour.toFixed(4)}/h  $${(usdPerHour * hoursPerMonth).toFixed(2).padStart(9)}/month`;
  return [
    `Estimate for ${deployment.deployment} (${deployment.preset}): us-east-1, on demand, as packages/core/src/price-book.ts has it`,
    ...floor.map(({ what, usdPerHour }) => line(what, usdPerHour)),
    line('the floor: without a single request', floorUsd),
    line(`${warm.what}, while in use`, warm.usdPerHour),
    ...reads.map(({ perSecond, usdPerHour }) =>
      line(`functions at ${perSecond} reads of 10 MB per second`, usdPerHour),
    ),
    line('functions at most: all awake', mostUsdPerHour),
    deployment.maxUsdPerHour > 0
      ? `  Functions are bound to $${deployment.maxUsdPerHour}/h by SION_MAX_USD_PER_HOUR.`
      : '  SION_MAX_USD_PER_HOUR bounds what functions cost; it is not set.',
    `  Assumed: a read wakes each function that has a data chunk for ${readBilledMs} ms, all from memory; a warm-up is billed ${warmUpBilledMs} ms.`,
    '  Beside it: S3 (bytes and requests), logs ($0.50/GB), transfer. None of this was measured on AWS.',
  ].join('\n');
}
