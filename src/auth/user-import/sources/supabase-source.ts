import { parseForeignHash } from '../../passwords/foreign/parse-foreign.js';
import { type SourceIdentity, type SourcePerson, sourcePerson } from '../source-person.js';
import { aboutPerson, type Json, nested, ofHash, text } from './values.js';

/** A row of `auth.users`. @param now in milliseconds @throws LineFault */
export function supabasePerson(of: Json, now: number): SourcePerson {
  const externalId = text(of, 'id');
  return aboutPerson(externalId, () => {
    const about = text(of, 'raw_user_meta_data') === null ? {} : nested(of, 'raw_user_meta_data');
    const hash = text(of, 'encrypted_password');
    const phone = text(of, 'phone');
    const bannedUntil = Date.parse(text(of, 'banned_until') ?? '');
    return sourcePerson({
      externalId,
      email: text(of, 'email'),
      emailVerified: text(of, 'email_confirmed_at') !== null || text(of, 'confirmed_at') !== null,
      profile: {
        firstName: text(about, 'first_name', 'given_name'),
        lastName: text(about, 'last_name', 'family_name'),
        nickname: text(about, 'full_name', 'name', 'user_name') ?? (text(of, 'email') === null ? phone : null),
        pictureUrl: text(about, 'avatar_url', 'picture'),
        phone: phone === null || phone.startsWith('+') ? phone : `+${phone}`,
      },
      // "infinity", too, is no date.
      suspended: text(of, 'banned_until') !== null && !(bannedUntil <= now),
      password: hash === null ? null : ofHash(() => parseForeignHash(hash)),
      leftOut: text(of, 'deleted_at') === null ? [] : ['that the user was deleted'],
    });
  });
}

const PROVIDERS: Readonly<Record<string, string>> = { google: 'google', github: 'github', apple: 'apple' };

/** A row of `auth.identities`: of which user, and who that is at the provider. */
export function supabaseIdentity(of: Json): { readonly id: string; readonly identity: SourceIdentity } | undefined {
  const [id, provider, subject] = [text(of, 'user_id'), PROVIDERS[text(of, 'provider') ?? ''], text(of, 'provider_id')];
  if (id === null || provider === undefined || subject === null) return undefined;
  const about = text(of, 'identity_data') === null ? {} : nested(of, 'identity_data');
  return { id, identity: { provider, subject, email: text(about, 'email'), name: text(about, 'full_name', 'name') } };
}
