import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Caller, RequestContext } from '../../access/caller.js';
import type { UserRole } from '../../access/role.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { Keyring } from '../../database/keyring.js';
import type { Transaction } from '../../database/transaction.js';
import { AccessTokens } from './access-tokens.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What a client gets to prove its session with. */
export interface SessionTokens {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number;
}

/** The devices on which somebody is signed in. */
@Injectable()
export class Sessions {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly keyring: Keyring,
    private readonly dataSource: DataSource,
    private readonly accessTokens: AccessTokens,
  ) {}

  /** Signs a user in on one more device. */
  async start(
    tx: Transaction,
    user: { readonly id: string; readonly role: UserRole },
    context: Pick<RequestContext, 'ip' | 'userAgent'>,
  ): Promise<SessionTokens> {
    const id = uuidv7();
    await tx.query(
      `INSERT INTO sessions (id, user_id, key_id, nonce, ip, user_agent, idle_expires_at, absolute_expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond', now() + $8 * interval '1 millisecond')`,
      [
        id,
        user.id,
        this.keyring.current('refresh-token').id,
        randomBytes(32),
        context.ip,
        context.userAgent,
        this.settings.REFRESH_TOKEN_IDLE_TTL,
        this.settings.REFRESH_TOKEN_ABSOLUTE_TTL,
      ],
    );
    return {
      accessToken: await this.accessTokens.sign({ sub: user.id, sid: id, role: user.role }),
      tokenType: 'Bearer',
      expiresIn: this.accessTokens.expiresIn,
    };
  }

  /** Who this session signs in at this moment: with the role of now, and nobody once it or the user has ended. */
  async caller(sessionId: unknown, userId: unknown): Promise<Caller | undefined> {
    if (typeof sessionId !== 'string' || !UUID.test(sessionId) || typeof userId !== 'string') return undefined;
    const [row] = await this.dataSource.query<{ user_id: string; role: UserRole }[]>(
      `SELECT session.user_id, users.role FROM sessions AS session JOIN users ON users.id = session.user_id
       WHERE session.id = $1 AND session.ended_at IS NULL
         AND session.idle_expires_at > now() AND session.absolute_expires_at > now()
         AND users.deleted_at IS NULL AND users.suspended_at IS NULL AND NOT users.pending`,
      [sessionId],
    );
    return row?.user_id === userId ? { userId, role: row.role, sessionId } : undefined;
  }
}
