import './theme/theme.css';
import './theme/base.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.js';
import { router } from './app/router.js';
import { listenToKeys } from './keys/keys.js';
import { followLanguage } from './language/language.js';
import { followConnection } from './session/connection.js';
import { followTheme } from './theme/theme.js';

followTheme();
followLanguage();
listenToKeys();
// What failed while the server was away is asked for again.
followConnection(() => void queryClient.refetchQueries({ predicate: ({ state }) => state.status === 'error' }));

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
