import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
// Only versions after 00 may say more than their first four fields; ff is none.
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const W3C_TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;

type Headed = Pick<IncomingMessage, 'headers'>;

/**
 * The id in every log line, event, job and mail that a request causes. Taken from `X-Request-Id`, else from
 * W3C Trace Context `traceparent`, else made; a header of another shape is ignored rather than written into logs.
 */
export function traceIdFrom(request: Headed): string {
  return requestIdIn(request) ?? traceIdOfCaller(request) ?? newTraceId();
}

/** The same where traces are sent: `traceparent` comes first, so that the caller's trace goes on under its own id. */
export function tracedIdFrom(request: Headed): string {
  return traceIdOfCaller(request) ?? requestIdIn(request) ?? newTraceId();
}

export function newTraceId(): string {
  // 122 random bits, which Node draws ahead.
  return randomUUID().replaceAll('-', '');
}

/**
 * The trace id of W3C Trace Context that stands for one of ours: itself, a UUID without its hyphens, or for any other `X-Request-Id`
 * the beginning of its SHA-256. Always the same for the same id, so that what happens later joins the trace.
 */
export function w3cTraceId(traceId: string): string {
  if (W3C_TRACE_ID.test(traceId)) return traceId;
  const asUuid = traceId.toLowerCase().replaceAll('-', '');
  if (W3C_TRACE_ID.test(asUuid)) return asUuid;
  return createHash('sha256').update(traceId).digest('hex').slice(0, 32);
}

/** The header `traceparent` (W3C Trace Context), where it is valid. */
export function traceparentIn({ headers: { traceparent } }: Headed): string | undefined {
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined;
}

function requestIdIn({ headers }: Headed): string | undefined {
  const requestId = headers['x-request-id'];
  return typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : undefined;
}

function traceIdOfCaller(request: Headed): string | undefined {
  return TRACEPARENT.exec(traceparentIn(request) ?? '')?.[1];
}
