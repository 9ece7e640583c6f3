import { v7 as uuidv7 } from 'uuid';
import type { EventRow } from '../../events/event-log.js';
import { newId } from '../../events/new-id.js';
import type { Sealer, WrappedUserKey } from '../../events/personal-data.js';
import { addAuthenticator } from '../../users/aggregate/decide-credentials.js';
import { create, suspend, verifyEmail } from '../../users/aggregate/decide.js';
import { NewHistory } from '../../users/store/new-history.js';
import { rowOf, type UserRow } from '../../users/store/user.entity.js';
import { identityLabel, identitySealLabel } from '../identities/identities.js';
import { isCurrentArgon2id } from '../passwords/argon2id.js';
import { roundsOf } from '../passwords/foreign/foreign-hash.js';
import { sealForeign } from '../passwords/foreign/sealed-foreign.js';
import { SECRET_LABEL } from '../totp/totp.factor.js';
import type { ImportGround } from './import-ground.js';
import type { Person } from './person-rules.js';
import { LineFault, type SourceIdentity } from './source-person.js';

export const EXTERNAL_ID_LABEL = 'imported external id';

/** A user to be, with everything that is stored of it. */
export interface NewImport {
  readonly id: string;
  readonly person: Person;
  readonly row: UserRow;
  readonly events: readonly EventRow[];
  readonly key: WrappedUserKey;
  readonly password: { readonly hash: string; readonly rounds: number | null } | undefined;
  readonly totp: Buffer | undefined;
  readonly identities: readonly NewIdentity[];
  readonly externalHash: Buffer;
  readonly externalId: Buffer;
}

interface NewIdentity {
  readonly id: string;
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly profile: Buffer;
}

/** Of a cost that Roster could have: nothing costlier is computed for anybody. */
const OWN_BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;
/** Suspending asks for other admins only of an active one; nobody imported is the last. */
const OTHERS = 1;

/** Makes the events of imported people, decided by the rules that hold for everybody. */
export class NewImports {
  constructor(private readonly ground: Omit<ImportGround, 'client'>) {}

  /** @param identities those that are linked, which this adds to @throws LineFault */
  of(person: Person, externalHash: Buffer, identities: Set<string>): NewImport {
    const { personalData, keyring, actor, traceId } = this.ground;
    const at = Date.now();
    const id = newId(at);
    const cause = { at, actor, traceId };
    const history = new NewHistory(id, personalData, keyring.current('event-chain'));
    const { email, username, profile, role } = person;
    history.append(cause, create({ email, username, ...profile, role, how: 'import' }));
    if (person.emailVerified) history.append(cause, verifyEmail(history.state));
    const password = this.passwordOf(person);
    const linked = this.identitiesOf(person, identities, history.sealer);
    for (const { provider, label } of linked) history.append(cause, addAuthenticator(history.state, provider, label));
    if (person.totp !== null) history.append(cause, addAuthenticator(history.state, 'totp'));
    if (person.suspended) history.append(cause, suspend(history.state, null, OTHERS));
    const row = rowOf(history.state);
    if (!row) throw new Error('Somebody who is imported has a row');
    return {
      ...{ id, person, row, events: history.rows, key: history.key, password, identities: linked, externalHash },
      totp: person.totp === null ? undefined : history.sealer.seal(Buffer.from(person.totp), SECRET_LABEL),
      externalId: history.sealer.seal(Buffer.from(person.externalId), EXTERNAL_ID_LABEL),
    };
  }

  /** @throws LineFault for a hash of ours whose pepper is not here, or that is not as we write it */
  private passwordOf({ password, externalId }: Person): NewImport['password'] {
    if (password === null) return undefined;
    const { keyring } = this.ground;
    if (typeof password !== 'string') return { hash: sealForeign(keyring, password), rounds: roundsOf(password) };
    const [scheme = '', pepper = '', hashed = ''] = password.split(':', 3);
    if (!keyring.find('password-pepper', pepper)) {
      const message = 'The password hash was made by another installation of Roster, with a key that is not here.';
      throw new LineFault('hash-of-another-installation', message, externalId);
    }
    const isWhole = scheme.startsWith('argon2id') ? isCurrentArgon2id(hashed) : OWN_BCRYPT.test(hashed);
    if (!isWhole || password !== `${scheme}:${pepper}:${hashed}`) {
      throw new LineFault('hash-malformed', 'The password hash is not as Roster exports its own.', externalId);
    }
    return { hash: password, rounds: null };
  }

  private identitiesOf({ identities, leftOut }: Person, taken: Set<string>, sealer: Sealer) {
    const linked: (NewIdentity & { readonly label: string | null })[] = [];
    for (const identity of identities) {
      const provider = this.providerOf(identity);
      const issuer = provider?.preset === 'github' ? `${provider.issuer}/login/oauth` : provider?.issuer;
      const key = `${issuer} ${identity.subject}`;
      if (!provider || issuer === undefined || !isSubject(identity.subject) || taken.has(key)) {
        leftOut.push(`an account at ${plain(identity.provider)}, ${whyNot(provider !== undefined)}`);
        continue;
      }
      taken.add(key);
      const id = uuidv7();
      const { email, name } = identity;
      const profile = { email, emailVerified: false, name, username: null, url: null, hostedDomain: null };
      const sealed = sealer.seal(Buffer.from(JSON.stringify(profile)), identitySealLabel(id));
      const { subject } = identity;
      linked.push({ id, provider: provider.id, issuer, subject, profile: sealed, label: identityLabel(profile) });
    }
    return linked;
  }

  private providerOf({ provider }: SourceIdentity) {
    return this.ground.providers.find(({ id, preset }) => id === provider || preset === provider);
  }
}

function whyNot(isKnown: boolean): string {
  return isKnown ? 'which another user has' : 'for which PROVIDERS has no provider';
}

const isSubject = (subject: string): boolean => /^[\x21-\x7e]{1,255}$/.test(subject);
const plain = (name: string): string => name.replace(/[^\w.-]/g, '?').slice(0, 40);
