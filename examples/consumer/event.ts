/** What consumers need of a CloudEvent of Roster. */
export interface Event {
  id: string;
  type: string;
  /** The id of the user. */
  subject: string;
  /** 1, 2, 3, ... without gaps for each user. */
  userversion: number;
  /** Of the HTTP request that caused it: what that was answered as X-Trace-Id. */
  traceid: string;
  data: Record<string, unknown>;
}

// Keep it where your data is, and write both in one transaction.
const lastVersions = new Map<string, number>();

/** Prints an event, once: what was sent again after a fault has a version that was seen before. */
export function handle(event: Event, from: string): void {
  if (event.userversion <= (lastVersions.get(event.subject) ?? 0)) return;
  lastVersions.set(event.subject, event.userversion);
  console.log(
    [
      from,
      event.type,
      event.subject,
      `v${event.userversion}`,
      `trace=${event.traceid}`,
      JSON.stringify(event.data),
    ].join(' '),
  );
}
