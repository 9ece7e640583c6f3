import type { Profile } from '../../events/catalogue.js';
import type { ForeignHash } from '../passwords/foreign/foreign-hash.js';

/** Why a line does not go in. The message is for people and repeats no value of the line. */
export class LineFault extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly externalId: string | null = null,
  ) {
    super(message);
  }
}

/** An account at a provider that people sign in with. */
export interface SourceIdentity {
  /** A preset of Roster, such as `google`, or the id of a provider in the settings. */
  readonly provider: string;
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
}

/** A person as a source has it, not checked yet. */
export interface SourcePerson {
  /** The id at the source; without one, the address or username stands for it. */
  readonly externalId: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly username: string | null;
  readonly profile: Readonly<Partial<Record<keyof Profile, string | null>>>;
  readonly role: string | null;
  readonly suspended: boolean;
  /** A hash of ours is the text of it. */
  readonly password: ForeignHash | string | null;
  /** The secret of an authenticator app, in Base32. */
  readonly totp: string | null;
  readonly identities: readonly SourceIdentity[];
  /** What the line has and Roster does not take, a phrase each. */
  readonly leftOut: readonly string[];
}

/** A line of a source: with a person, or with what is wrong. */
export interface SourceLine {
  /** The first of the record, from 1. */
  readonly line: number;
  readonly person?: SourcePerson;
  readonly fault?: LineFault;
}

/** A person of whom everything but these values is empty. */
export function sourcePerson(given: Partial<SourcePerson>): SourcePerson {
  return {
    externalId: null,
    email: null,
    emailVerified: false,
    username: null,
    profile: {},
    role: null,
    suspended: false,
    password: null,
    totp: null,
    identities: [],
    leftOut: [],
    ...given,
  };
}
