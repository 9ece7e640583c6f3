import type { Actor } from '../access/caller.js';
import type { Settings } from '../config/settings.js';
import { USER_EVENTS, type UserEventType } from '../events/catalogue.js';
import type { FeedEvent } from '../events/event-feed.js';
import { traceparentOfEvent } from '../tracing/event-spans.js';
import { spanIdOf } from '../tracing/span.js';

/** A published event: CloudEvents 1.0 in JSON. Extension names are lower case, as the specification requires. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  /** `PUBLIC_URL`. */
  readonly source: string;
  readonly type: UserEventType;
  /** The id of the user. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** URL of the JSON Schema of `data`, with type and version. */
  readonly dataschema: string;
  /** W3C Trace Context, where the trace id of the request is a valid one. */
  readonly traceparent?: string;
  /** The trace id of the logs and of `X-Trace-Id`, which may be any `X-Request-Id` of the client. */
  readonly traceid: string;
  /** Its position in the feed, as a sortable string of 16 digits (the extension `sequence`). */
  readonly sequence: string;
  /** 1, 2, 3, ... without gaps for each user. */
  readonly userversion: number;
  /** Who did it (the extension Auth Context). */
  readonly authtype: 'app_user' | 'unauthenticated' | 'system';
  /** The id of the user who did it. */
  readonly authid?: string;
  readonly data: object;
}

type CloudEventSettings = Pick<Settings, 'PUBLIC_URL' | 'EVENT_PERSONAL_DATA'>;

const SEQUENCE_DIGITS = 16;

/** The same event always gives the same message, except that personal values are null once the person was erased. */
export function toCloudEvent(event: FeedEvent, settings: CloudEventSettings): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: settings.PUBLIC_URL,
    type: event.type,
    subject: event.userId,
    time: event.occurredAt.toISOString(),
    datacontenttype: 'application/json',
    dataschema: dataSchemaUrl(settings.PUBLIC_URL, event),
    ...traceparentOf(event),
    traceid: event.traceId,
    sequence: String(event.position).padStart(SEQUENCE_DIGITS, '0'),
    userversion: event.userVersion,
    ...authOf(event.actor),
    data: settings.EVENT_PERSONAL_DATA === 'include' ? event.data : withoutPersonal(event),
  };
}

/** The URL of the JSON Schema of the event's data. */
export function dataSchemaUrl(
  publicUrl: string,
  { type, version }: { readonly type: UserEventType; readonly version: number },
): string {
  return `${publicUrl}/docs/events/schemas/${type}.v${version}.json`;
}

/** Only fields without personal data, and in `changed` the names of the others. */
function withoutPersonal({ type, data }: FeedEvent): object {
  const personal: readonly string[] = USER_EVENTS[type].personal;
  const fields = Object.entries(data);
  return {
    ...Object.fromEntries(fields.filter(([field]) => !personal.includes(field))),
    changed: fields.flatMap(([field]) => (personal.includes(field) ? [field] : [])),
  };
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;

/** The span id is derived from the event id, so that it is the same when the event is sent again, and names its span where it is traced. */
function traceparentOf({ id, traceId }: FeedEvent): { readonly traceparent?: string } {
  const traced = traceparentOfEvent({ id, traceId });
  if (traced !== undefined) return { traceparent: traced };
  return TRACE_ID.test(traceId) ? { traceparent: `00-${traceId}-${spanIdOf(id)}-01` } : {};
}

function authOf(actor: Actor): Pick<CloudEvent, 'authtype' | 'authid'> {
  if (actor.kind === 'user') return { authtype: 'app_user', authid: actor.id };
  return { authtype: actor.kind === 'system' ? 'system' : 'unauthenticated' };
}
