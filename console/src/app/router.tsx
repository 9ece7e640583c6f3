import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { applicationsRoutes } from '../applications/routes.js';
import { eventsRoutes } from '../events/routes.js';
import { healthRoutes } from '../health/routes.js';
import { helpRoutes } from '../help/routes.js';
import { peopleRoutes } from '../people/routes.js';
import { personRoutes } from '../person/routes.js';
import { serviceAccountsRoutes } from '../service-accounts/routes.js';
import { webhooksRoutes } from '../webhooks/routes.js';
import { CONSOLE_PATH } from './base.js';
import { PageFailed } from './page-failed.js';
import { PageLoading } from './page-loading.js';
import { rootRoute } from './root-route.js';
import { parseSearch, stringifySearch } from './search.js';

const start = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    // The router's own way to go elsewhere.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw redirect({ to: '/people' });
  },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    start,
    ...peopleRoutes,
    ...personRoutes,
    ...helpRoutes,
    ...eventsRoutes,
    ...webhooksRoutes,
    ...applicationsRoutes,
    ...serviceAccountsRoutes,
    ...healthRoutes,
  ]),
  basepath: CONSOLE_PATH,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: PageLoading,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
