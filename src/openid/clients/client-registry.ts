import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { RequestContext } from '../../access/caller.js';
import { Revocations } from '../../auth/sessions/revocations.js';
import { afterCommit, type Transaction, Transactions } from '../../database/transaction.js';
import { newestFirst } from '../../http/pagination/newest-first.js';
import type { PageQuery } from '../../http/pagination/page.dto.js';
import type { PageRead } from '../../http/pagination/page-links.js';
import { isInstantKey } from '../../http/request/date-time.js';
import { matches } from '../../users/api/etag.js';
import {
  type ClientChange,
  chosenSettingsOf,
  type ClientSettings,
  type NewClient,
  type RegisteredClient,
  narrows,
  settingsOf,
  withGiven,
} from './client.js';
import { ClientChangedMeanwhile, ClientHasNoSecret, ClientNotFound, NothingToChange } from './client-errors.js';
import { ClientLog, type SettingChanges } from './client-log.js';
import { REGISTERED_COLUMNS, type RegisteredRow, toRegistered } from './client-rows.js';
import { checkClient } from './client-rules.js';
import { ClientSecrets } from './client-secrets.js';
import { LogoutTargets } from './logout-targets.js';

/** How long a replaced secret is accepted unless another time is asked for, in seconds: a day. */
export const SECRET_OVERLAP = 86_400;
export const LONGEST_SECRET_OVERLAP = 7 * SECRET_OVERLAP;

export interface ClientWithSecret {
  readonly client: RegisteredClient;
  /** Shown this once; absent for a public client. */
  readonly clientSecret?: string;
}

interface Change {
  readonly context: RequestContext;
  /** The value of `If-Match`; a change is refused if the client has a different version by now. */
  readonly ifMatch?: string | undefined;
}

/** Registers clients and changes them. Every act is in their log. */
@Injectable()
export class ClientRegistry {
  constructor(
    private readonly transactions: Transactions,
    private readonly secrets: ClientSecrets,
    private readonly log: ClientLog,
    private readonly targets: LogoutTargets,
    @Inject(Revocations) private readonly revocations: Pick<Revocations, 'expire'>,
  ) {}

  /** @throws ValidationFailed with every field that is wrong */
  async create(tx: Transaction, input: NewClient, context: RequestContext): Promise<ClientWithSecret> {
    const settings = settingsOf(input);
    checkClient(settings, this.targets);
    const clientId = uuidv7();
    await tx.query(INSERT, [clientId, ...valuesOf(settings)]);
    const secret = settings.public ? {} : { clientSecret: await this.secrets.create(tx, clientId) };
    await this.log.record(tx, { clientId, type: 'client.created', data: settings }, context);
    return { client: await this.lockForUpdate(tx, clientId), ...secret };
  }

  /** One page, the newest first. @throws ValidationFailed for a cursor of another list */
  async page(query: PageQuery): Promise<PageRead<RegisteredClient>> {
    return newestFirst<RegisteredRow, RegisteredClient>(query, {
      sort: '-createdAt',
      filters: {},
      isKey: isInstantKey,
      place: (row) => ({ key: row.created_at.toISOString(), id: row.id }),
      find: ({ order, limit, from }) => {
        const side = from ? `WHERE (created_at, id) ${from.comparison} ($2::timestamptz, $3::uuid)` : '';
        return this.transactions.run((tx) =>
          tx.query<RegisteredRow[]>(
            `SELECT ${REGISTERED_COLUMNS} FROM clients ${side} ORDER BY created_at ${order}, id ${order} LIMIT $1`,
            [limit, ...(from ? [from.place.key, from.place.id] : [])],
          ),
        );
      },
      item: toRegistered,
    });
  }

  /** @throws ClientNotFound */
  async findById(clientId: string): Promise<RegisteredClient> {
    return this.transactions.run((tx) => this.read(tx, clientId));
  }

  /** @throws ClientNotFound; ClientChangedMeanwhile; NothingToChange; ValidationFailed with every field that is wrong */
  async change(clientId: string, change: ClientChange, { context, ifMatch }: Change): Promise<RegisteredClient> {
    const given: unknown[] = Object.values(change);
    if (given.every((value) => value === undefined)) throw new NothingToChange();
    return this.transactions.run(async (tx) => {
      const before = await this.lockForUpdate(tx, clientId, ifMatch);
      const old = chosenSettingsOf(before);
      const settings = withGiven(old, change);
      checkClient(settings, this.targets);
      const changes = changesBetween(old, settings);
      if (Object.keys(changes).length === 0) return before;
      await tx.query(UPDATE, [clientId, ...valuesOf(settings)]);
      // Its tokens end, and what users allowed on the page stays.
      if (narrows(old, settings)) {
        await tx.query(`DELETE FROM openid_artifacts WHERE client_id = $1 AND kind <> 'Consent'`, [clientId]);
      }
      await this.log.record(tx, { clientId, type: 'client.updated', data: { changes } }, context);
      afterCommit(tx, this.revocations.expire);
      return this.read(tx, clientId);
    });
  }

  /**
   * Removes a client with its secrets, its tokens and what people have allowed it; its log stays.
   * @throws ClientNotFound; ClientChangedMeanwhile
   */
  async remove(clientId: string, { context, ifMatch }: Change): Promise<void> {
    await this.transactions.run(async (tx) => {
      const { name } = await this.lockForUpdate(tx, clientId, ifMatch);
      await tx.query('DELETE FROM clients WHERE id = $1', [clientId]);
      await tx.query('DELETE FROM openid_artifacts WHERE client_id = $1', [clientId]);
      await this.log.record(tx, { clientId, type: 'client.deleted', data: { name } }, context);
      afterCommit(tx, this.revocations.expire);
    });
  }

  /**
   * Makes a new secret.
   * @param overlap for how many seconds the present one is still accepted
   * @throws ClientNotFound; ClientHasNoSecret; ClientChangedMeanwhile
   */
  async rotateSecret(clientId: string, overlap: number, { context, ifMatch }: Change): Promise<ClientWithSecret> {
    return this.transactions.run(async (tx) => {
      const before = await this.lockForUpdate(tx, clientId, ifMatch);
      if (before.public) throw new ClientHasNoSecret();
      const clientSecret = await this.secrets.rotate(tx, clientId, overlap);
      await tx.query('UPDATE clients SET version = version + 1, updated_at = now() WHERE id = $1', [clientId]);
      const client = await this.read(tx, clientId);
      const data = { previousSecretUntil: client.previousSecretUntil?.toISOString() ?? null };
      await this.log.record(tx, { clientId, type: 'client.secret_rotated', data }, context);
      afterCommit(tx, this.revocations.expire);
      return { client, clientSecret };
    });
  }

  private async lockForUpdate(tx: Transaction, clientId: string, ifMatch?: string): Promise<RegisteredClient> {
    await tx.query('SELECT FROM clients WHERE id = $1 FOR UPDATE', [clientId]);
    const client = await this.read(tx, clientId);
    if (ifMatch !== undefined && !matches(ifMatch, client.version)) throw new ClientChangedMeanwhile();
    return client;
  }

  private async read(tx: Transaction, clientId: string): Promise<RegisteredClient> {
    const [row] = await tx.query<RegisteredRow[]>(`SELECT ${REGISTERED_COLUMNS} FROM clients WHERE id = $1`, [
      clientId,
    ]);
    if (!row) throw new ClientNotFound();
    return toRegistered(row);
  }
}

function changesBetween(old: ClientSettings, settings: ClientSettings): SettingChanges {
  const names = Object.keys(settings) as (keyof ClientSettings)[];
  const changed = names.filter((name) => !isDeepStrictEqual(old[name], settings[name]));
  return Object.fromEntries(changed.map((name) => [name, { from: old[name], to: settings[name] }]));
}

/** In the order of the statements' parameters. */
function valuesOf(settings: ClientSettings): unknown[] {
  return [
    settings.name,
    settings.redirectUris,
    settings.postLogoutRedirectUris,
    settings.backchannelLogoutUri,
    settings.grantTypes,
    settings.scopes,
    settings.public,
    settings.firstParty,
    settings.idTokenSignedResponseAlg,
    settings.claimsInIdToken,
    settings.resources,
  ];
}

const COLUMNS = `name, redirect_uris, post_logout_redirect_uris, backchannel_logout_uri, grant_types, scopes, public, first_party,
  id_token_alg, claims_in_id_token, resources`;

const INSERT = `INSERT INTO clients (id, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

const UPDATE = `
  UPDATE clients SET (${COLUMNS}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12), version = version + 1, updated_at = now()
  WHERE id = $1`;
