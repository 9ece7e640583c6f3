/** What a worker is told. No password: `prehash` is its HMAC, in base64. */
export interface HashRequest {
  readonly prehash: string;
  /** To hash with; of a comparison, the least that it has to cost. */
  readonly cost: number;
  /** The bcrypt string to compare with; without it, a new hash is made. */
  readonly stored?: string;
  /** Of a new hash: algorithm, cost and salt as a bcrypt string begins with them; a random salt without it. */
  readonly salt?: string;
}

/** What a worker answers: a bcrypt string, or whether they are the same. */
export interface HashAnswer {
  readonly result: string | boolean;
  /** How long it took. */
  readonly ms: number;
}

/** For whom a hash is. */
export interface HashWork {
  /** Whoever shares it shares one turn. Its own case for those who give none. */
  readonly account?: string | undefined;
  /** `known`: asked for by a device from which this account has signed in before. */
  readonly lane?: HashLane | undefined;
}

export type HashLane = 'known' | 'other';
