import type { Context } from 'oidc-provider';
import type { UserLookup } from '../../users/store/user-lookup.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import type { Clients } from '../clients/clients.js';

/** The claims of each scope (OpenID Connect Core 1.0, 5.4; `roles` is Roster's own). */
export const SCOPE_CLAIMS = {
  openid: ['sub', 'sid', 'acr', 'amr', 'auth_time'],
  profile: ['name', 'given_name', 'family_name', 'nickname', 'preferred_username', 'picture', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  roles: ['role', 'roles'],
} as const;

type Claims = Readonly<Record<string, unknown>>;

export interface Account {
  readonly accountId: string;
  claims(use: 'id_token' | 'userinfo'): Promise<Claims & { sub: string }>;
}

/** The account that the library asks for, read when it is asked; undefined for a user who is not active. */
export function accountFinder(users: UserLookup, clients: Clients) {
  return async (context: Context, userId: string): Promise<Account | undefined> => {
    const user = await users.findById(userId);
    if (!user || user.pending || user.suspendedAt !== null || user.deletedAt !== null) return undefined;
    return {
      accountId: userId,
      claims: async (use) => {
        const all = claimsOf(user);
        if (use === 'userinfo') return all;
        const client = await clients.find(context.oidc.client.clientId);
        return client?.claimsInIdToken === true ? all : { sub: all.sub };
      },
    };
  };
}

function claimsOf(user: UserEntity): Claims & { sub: string } {
  const name = [user.firstName, user.lastName].filter((part) => part !== null).join(' ');
  const claims = {
    name: name === '' ? user.nickname : name,
    given_name: user.firstName,
    family_name: user.lastName,
    nickname: user.nickname,
    preferred_username: user.username,
    picture: user.pictureUrl,
    locale: user.locale,
    updated_at: Math.floor(user.updatedAt.getTime() / 1000),
    ...(user.email !== null && { email: user.email, email_verified: user.emailVerified }),
    // Nobody has proved that it is theirs.
    ...(user.phone !== null && { phone_number: user.phone, phone_number_verified: false }),
    role: user.role,
    roles: [user.role],
  };
  // A claim without a value is left out (OpenID Connect Core 1.0, 5.3.2).
  return { sub: user.id, ...Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null)) };
}
