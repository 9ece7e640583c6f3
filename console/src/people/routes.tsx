import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../app/root-route.js';
import { readPeopleSearch } from './people-search.js';

const people = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people',
  validateSearch: readPeopleSearch,
  component: lazyRouteComponent(() => import('./people-page.js'), 'PeoplePage'),
});

const newPerson = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people/new',
  component: lazyRouteComponent(() => import('./new-person-page.js'), 'NewPersonPage'),
});

export const peopleRoutes = [people, newPerson] as const;
