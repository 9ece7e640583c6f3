import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
// Only versions after 00 may say more than their first four fields; ff is none.
const TRACEPARENT = /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/**
 * The id in every log line, event, job and mail that a request causes. Taken from `X-Request-Id`, else from
 * W3C Trace Context `traceparent`, else made; a header of another shape is ignored rather than written into logs.
 */
export function traceIdFrom(request: Pick<IncomingMessage, 'headers'>): string {
  const requestId = request.headers['x-request-id'];
  if (typeof requestId === 'string' && REQUEST_ID.test(requestId)) return requestId;
  const traceparent = request.headers['traceparent'];
  if (typeof traceparent === 'string') {
    const traceId = TRACEPARENT.exec(traceparent)?.[1];
    if (traceId !== undefined) return traceId;
  }
  return newTraceId();
}

export function newTraceId(): string {
  // 122 random bits, which Node draws ahead.
  return randomUUID().replaceAll('-', '');
}
