import type { Caller } from './caller.js';

/** The sessions that go on, for work that outlives the request which began it. Implemented by `auth`. */
export abstract class LiveSessions {
  /**
   * Who is signed in with this session, with the role of now; undefined once it has ended or the user is no longer active.
   * @throws the error if the database is unavailable
   */
  abstract callerNow(sessionId: string): Promise<Caller | undefined>;
}
