/**
 * Answers that need no object: whether the process is alive, whether it serves, what this front offers.
 */
import { answerEmpty, answerJson, answerText } from './answer.ts';
import { describeApi } from './description/openapi.ts';
import type { Exchange } from './exchange.ts';
import { refuseBody } from './get-object.ts';
import { guideHeaders, guidePage } from './guide/guide-page.ts';
import { allowedMethods, type Resource } from './resources.ts';

/** 200 as long as the process answers at all. */
export async function answerHealth(exchange: Exchange): Promise<void> {
  refuseBody(exchange);
  answerJson(exchange, 200, { status: 'alive' });
}

/** 200 only while requests are served. */
export async function answerReadiness(exchange: Exchange): Promise<void> {
  refuseBody(exchange);
  const { state } = exchange.parts.status.status();
  answerJson(exchange, state === 'serving' ? 200 : 503, { state });
}

/** The description of this front, for programs. */
export async function answerDescription(exchange: Exchange): Promise<void> {
  refuseBody(exchange);
  answerJson(exchange, 200, describeApi(exchange.parts.status.status().version));
}

/** The page that shows the description and lets one try it. */
export async function answerGuide(exchange: Exchange): Promise<void> {
  refuseBody(exchange);
  answerText(exchange, 200, 'text/html; charset=utf-8', guidePage, guideHeaders);
}

/** OPTIONS: the methods of the path. Pages of other origins are told nothing more, so their browsers refuse them. */
export function answerOptions(exchange: Exchange, resource: Resource): void {
  answerEmpty(exchange, 204, { allow: allowedMethods(resource) });
}
