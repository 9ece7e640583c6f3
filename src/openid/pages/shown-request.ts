import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { plainName } from '../../users/aggregate/account-name.js';
import { UserLookup } from '../../users/store/user-lookup.js';
import { type Client, Clients } from '../clients/clients.js';
import { RequestOver } from './interactions.js';

/** Whose account it is, as pages name it. */
export interface ShownAccount {
  readonly name: string;
  readonly email: string | null;
}

/** What an application would know of a person, by what it asked for. */
export type Wants = Readonly<Partial<Record<(typeof SHOWN)[number], true>>>;

const SHOWN = ['profile', 'email', 'phone', 'roles'] as const;

type Params = Readonly<Record<string, unknown>>;

/** Who asks whom for what, for the pages that ask it. */
@Injectable()
export class ShownRequest {
  constructor(
    private readonly users: UserLookup,
    private readonly clients: Clients,
  ) {}

  /** @throws RequestOver if the application or the account is gone */
  async of(params: Params, { userId }: Pick<Caller, 'userId'>) {
    const [user, client] = await Promise.all([
      this.users.findById(userId),
      this.clients.find(String(params['client_id'])),
    ]);
    if (!user || !client) throw new RequestOver();
    const account: ShownAccount = { name: plainName(user) ?? user.username ?? user.email ?? '', email: user.email };
    return { account, client: client satisfies Client, locale: user.locale };
  }
}

export const scopesOf = (params: Params): string[] =>
  typeof params['scope'] === 'string' ? params['scope'].split(' ') : [];

export const resourcesOf = (params: Params): string[] =>
  [params['resource'] ?? []].flat().filter((resource) => typeof resource === 'string');

export const wantsOf = (params: Params): Wants => shownScopes(scopesOf(params));

/** What these scopes tell of a person. */
export function shownScopes(scopes: readonly string[]): Wants {
  return Object.fromEntries(SHOWN.filter((scope) => scopes.includes(scope)).map((scope) => [scope, true as const]));
}

/** The origin that a form leads to, for the policy of its page; the scheme, for an application on the device. */
export function formTargetsOf(target: unknown): string[] {
  const url = typeof target === 'string' ? URL.parse(target) : null;
  if (!url) return [];
  return [url.origin === 'null' ? url.protocol : url.origin];
}

/** A target as people know it. */
export function shownTarget(target: unknown): string {
  const url = typeof target === 'string' ? URL.parse(target) : null;
  if (!url) return '';
  return url.host === '' ? url.protocol : url.host;
}
