import type { ForeignHash } from '../foreign/foreign-hash.js';

export const PASSWORD_ALGORITHMS = ['bcrypt', 'argon2id'] as const;
export type PasswordAlgorithm = (typeof PASSWORD_ALGORITHMS)[number];

/** A request to a worker: about a hash of ours, or about an imported one. */
export type HashRequest = OwnHashRequest | ForeignHashRequest;

/** What a worker does at least, in rounds of bcrypt, so that the time tells nothing of the hash. */
export interface HashCost {
  /** The cost of bcrypt; for a comparison, the minimum cost. With Argon2id, a cost that takes about as long. */
  readonly cost: number;
  /** What new hashes are made with, and comparisons take the time of; bcrypt by default. */
  readonly algorithm?: PasswordAlgorithm;
  /** For a comparison: rounds beyond 2^cost, where imported hashes take longer than ours. */
  readonly floor?: number;
}

/** Contains no password: `prehash` is its HMAC in base64. */
export interface OwnHashRequest extends HashCost {
  readonly prehash: string;
  /** The bcrypt or PHC string to compare with; if absent, a new hash is computed. */
  readonly stored?: string;
  /** For a new hash: the prefix of such a string with algorithm, cost and salt; if absent, a random salt. */
  readonly salt?: string;
}

/** A comparison with an imported hash, which takes the password itself. */
export interface ForeignHashRequest extends HashCost {
  readonly password: string;
  readonly foreign: ForeignHash;
}

/** The result of a worker: a bcrypt or PHC string, or whether the comparison matched. */
export interface HashAnswer {
  /** Undefined for a new hash that could not be computed. */
  readonly result: string | boolean | undefined;
  /** What kind of error there was, if any: a comparison that cannot be computed does not match. */
  readonly fault?: string;
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

export interface HashPoolStats {
  readonly queued: number;
  readonly busy: number;
  readonly workers: number;
  /** Since the start. */
  readonly refused: number;
}
