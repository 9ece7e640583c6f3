import type { UserEventType } from '../api/schema.js';

/** What stands in the address of the page. */
export interface EventsSearch {
  readonly types?: UserEventType[] | undefined;
  /** The person whom the events are about. */
  readonly user?: string | undefined;
  /** Who caused them. */
  readonly actor?: string | undefined;
  /** Follows what happens; `cursor` has no meaning then. */
  readonly live?: true | undefined;
  readonly cursor?: string | undefined;
  /** The position of the event that is open. */
  readonly event?: string | undefined;
}
