import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { readSearch } from './address.js';

export const personRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people/$id',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./person-page.js'), 'PersonPage'),
});

export const personRoutes = [personRoute] as const;
