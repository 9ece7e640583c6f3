import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { text } from '../app/search.js';

/** What stands in the address of the page. */
export interface HelpSearch {
  /** What was pasted. */
  readonly about?: string | undefined;
}

const help = createRoute({
  getParentRoute: () => rootRoute,
  path: '/help',
  validateSearch: (search: Record<string, unknown>): HelpSearch => ({ about: text(search['about']) }),
  component: lazyRouteComponent(() => import('./help-page.js'), 'HelpPage'),
});

export const helpRoutes = [help] as const;
