import type { Caller } from './caller.js';

/** What every key of a service account begins with, and no access token. */
export const KEY_PREFIX = 'roster_';

/** Authenticates the keys of service accounts. Implemented by `service-accounts`, for those who authenticate requests. */
export abstract class ServiceKeyCheck {
  /**
   * @param ip of the client
   * @throws NotAuthenticated unless the key is valid now, with a sentence that says why; Forbidden for a network that it may not be used
   * from; `too-many-requests` for a client that sent too many wrong keys
   */
  abstract callerOf(key: string, ip: string): Promise<Caller>;
}
