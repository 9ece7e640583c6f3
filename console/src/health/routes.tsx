import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { oneOf, text } from '../app/search.js';
import { type HealthSearch, MAIL_STATES } from './address.js';

const template = (value: unknown): string | undefined =>
  /^[a-z][a-z-]{0,49}$/.test(text(value) ?? '') ? text(value) : undefined;

const health = createRoute({
  getParentRoute: () => rootRoute,
  path: '/health',
  validateSearch: (search: Record<string, unknown>): HealthSearch => ({
    tab: oneOf(search['tab'], ['mails', 'providers', 'settings']),
    state: oneOf(search['state'], MAIL_STATES),
    template: template(search['template']),
    to: text(search['to']),
    cursor: text(search['cursor']),
    setting: text(search['setting']),
  }),
  component: lazyRouteComponent(() => import('./health-page.js'), 'HealthPage'),
});

export const healthRoutes = [health] as const;
