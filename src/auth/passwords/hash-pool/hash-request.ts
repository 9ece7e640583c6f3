/** A request to a worker. Contains no password: `prehash` is its HMAC in base64. */
export interface HashRequest {
  readonly prehash: string;
  /** The cost; for a comparison, the minimum cost. */
  readonly cost: number;
  /** The bcrypt string to compare with; if absent, a new hash is computed. */
  readonly stored?: string;
  /** For a new hash: the prefix of a bcrypt string with algorithm, cost and salt; if absent, a random salt. */
  readonly salt?: string;
}

/** The result of a worker: a bcrypt string, or whether the comparison matched. */
export interface HashAnswer {
  readonly result: string | boolean;
  /** How long it took. */
  readonly ms: number;
}

/** The requester of a hash, for fair scheduling. */
export interface HashWork {
  /** Requests with the same account share a turn; without one, each has its own. */
  readonly account?: string | undefined;
  /** `known`: requested by a device from which this account has signed in before. */
  readonly lane?: HashLane | undefined;
}

export type HashLane = 'known' | 'other';
