import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { text } from '../app/search.js';
import type { ApplicationsSearch } from './applications-search.js';

const applications = createRoute({
  getParentRoute: () => rootRoute,
  path: '/applications',
  validateSearch: (search: Record<string, unknown>): ApplicationsSearch => ({ cursor: text(search['cursor']) }),
  component: lazyRouteComponent(() => import('./applications-page.js'), 'ApplicationsPage'),
});

const application = createRoute({
  getParentRoute: () => rootRoute,
  path: '/applications/$id',
  validateSearch: (search: Record<string, unknown>): ApplicationsSearch => ({ cursor: text(search['cursor']) }),
  component: lazyRouteComponent(() => import('./application-page.js'), 'ApplicationPage'),
});

export const applicationsRoutes = [applications, application] as const;
