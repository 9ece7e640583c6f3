import { validate as isUuid } from 'uuid';

/** What somebody pasted, by its shape. */
export type About =
  | { readonly kind: 'message'; readonly id: string; readonly address: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'phone'; readonly phone: string }
  | { readonly kind: 'trace'; readonly traceId: string }
  /** A username, or the trace id of a client that makes its own (`X-Request-Id`). */
  | { readonly kind: 'word'; readonly word: string };

const TRACE = /^[0-9a-f]{32}$/i;
/** W3C Trace Context: the second field is the trace id. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/i;
/** A number as people write it, with a country code. */
const PHONE = /^(?:\+|00)[\d\s()./-]{6,24}$/;
/** What comes with it when a header is copied whole, or a name with an address. */
const HEADER_NAME = /^(?:message-id|x-trace-id|x-request-id|traceparent|x-idempotency-key|to)\s*:\s*/i;

/** Reads what was pasted: never refuses it, since everything else is taken for a username. */
export function readAbout(pasted: string): About {
  const given = pasted.trim().replace(HEADER_NAME, '');
  const text = (/<([^<>]+)>/.exec(given)?.[1] ?? given).trim().replace(/^mailto:/i, '');
  const at = text.lastIndexOf('@');
  if (at > 0) {
    const name = text.slice(0, at).toLowerCase();
    return isUuid(name) ? { kind: 'message', id: name, address: text } : { kind: 'address', address: text };
  }
  if (isUuid(text)) return { kind: 'id', id: text.toLowerCase() };
  const traced = TRACEPARENT.exec(text)?.[1] ?? (TRACE.test(text) ? text : undefined);
  if (traced !== undefined) return { kind: 'trace', traceId: traced.toLowerCase() };
  if (PHONE.test(text)) return { kind: 'phone', phone: text.replace(/^00/, '+').replace(/[^\d+]/g, '') };
  return { kind: 'word', word: text };
}
