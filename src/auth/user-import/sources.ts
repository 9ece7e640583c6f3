/** Whose files can be imported. `csv` and `ndjson` are ours. */
export const SOURCES = ['csv', 'ndjson', 'auth0', 'firebase', 'cognito', 'keycloak', 'supabase'] as const;
export type Source = (typeof SOURCES)[number];
