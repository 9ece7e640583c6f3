export { RosterClient, type RosterClientOptions } from './client.js';
export type { Tokens, TokenStore } from './session.js';
export type { components, operations, paths } from './schema.js';
