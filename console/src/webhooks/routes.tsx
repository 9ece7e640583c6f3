import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { oneOf, text } from '../app/search.js';
import { DELIVERY_STATES, type WebhookSearch, type WebhooksSearch } from './webhooks-search.js';

const webhooks = createRoute({
  getParentRoute: () => rootRoute,
  path: '/webhooks',
  validateSearch: (search: Record<string, unknown>): WebhooksSearch => ({
    sink: text(search['sink']),
    cursor: text(search['cursor']),
  }),
  component: lazyRouteComponent(() => import('./webhooks-page.js'), 'WebhooksPage'),
});

const webhook = createRoute({
  getParentRoute: () => rootRoute,
  path: '/webhooks/$id',
  validateSearch: (search: Record<string, unknown>): WebhookSearch => ({
    state: oneOf(search['state'], DELIVERY_STATES),
    cursor: text(search['cursor']),
    delivery: text(search['delivery']),
  }),
  component: lazyRouteComponent(() => import('./webhook-page.js'), 'WebhookPage'),
});

export const webhooksRoutes = [webhooks, webhook] as const;
