import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { flag, severalOf, text } from '../app/search.js';
import { EVENT_TYPES } from './event-types.js';
import type { EventsSearch } from './events-search.js';

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
