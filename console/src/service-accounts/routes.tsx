import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';

const serviceAccounts = createRoute({
  getParentRoute: () => rootRoute,
  path: '/service-accounts',
  component: lazyRouteComponent(() => import('./service-accounts-page.js'), 'ServiceAccountsPage'),
});

const serviceAccount = createRoute({
  getParentRoute: () => rootRoute,
  path: '/service-accounts/$id',
  component: lazyRouteComponent(() => import('./service-account-page.js'), 'ServiceAccountPage'),
});

export const serviceAccountsRoutes = [serviceAccounts, serviceAccount] as const;
