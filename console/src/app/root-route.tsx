import { createRootRoute } from '@tanstack/react-router';
import { NoSuchPage } from './no-such-page.js';
import { Layout } from './layout.js';

/** Every page lies below it: `createRoute({ getParentRoute: () => rootRoute, ... })`. */
export const rootRoute = createRootRoute({ component: Layout, notFoundComponent: NoSuchPage });
