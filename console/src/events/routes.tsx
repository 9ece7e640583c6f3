import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { UserEventType } from '../api/schema.js';
import { rootRoute } from '../app/root-route.js';
import { flag, severalOf, text } from '../app/search.js';
import { EVENT_TYPES } from './event-types.js';

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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const id = (value: unknown): string | undefined => (UUID.test(text(value) ?? '') ? text(value) : undefined);
const position = (value: unknown): string | undefined =>
  /^[1-9][0-9]{0,14}$/.test(text(value) ?? '') ? text(value) : undefined;

const events = createRoute({
  getParentRoute: () => rootRoute,
  path: '/events',
  validateSearch: (search: Record<string, unknown>): EventsSearch => ({
    types: severalOf(search['types'], EVENT_TYPES),
    user: id(search['user']),
    actor: id(search['actor']),
    live: flag(search['live']),
    cursor: text(search['cursor']),
    event: position(search['event']),
  }),
  component: lazyRouteComponent(() => import('./events-page.js'), 'EventsPage'),
});

export const eventsRoutes = [events] as const;
