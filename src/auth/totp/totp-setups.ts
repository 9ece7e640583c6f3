import { Injectable } from '@nestjs/common';
import { renderSVG } from 'uqr';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import type { Transaction } from '../../database/transaction.js';
import { PersonalData } from '../../events/personal-data.js';
import { DomainError } from '../../problems/domain-error.js';
import { UserNotFound } from '../../users/aggregate/user-errors.js';
import { accountName } from '../../users/aggregate/account-name.js';
import type { UserEntity } from '../../users/store/user.entity.js';
import { UserStore } from '../../users/store/user-store.js';
import { type FactorRequest, FactorChanges } from '../second-factors/factor-changes.js';
import { NoSuchFactor, WrongSecondFactor } from '../second-factors/second-factor-errors.js';
import { RecoveryCodes } from '../recovery-codes/recovery-codes.js';
import { newSecret, otpauthUri, stepOf } from './totp.js';
import { SECRET_LABEL, TotpFactor } from './totp.factor.js';

/** Minutes in which a set-up has to be confirmed. */
const SETUP_MINUTES = 15;
const PIXEL = 6;

/** What an authenticator app needs. Shown once; nothing is asked for at sign-ins before it is confirmed. */
export interface TotpSetup {
  /** Base32. */
  readonly secret: string;
  /** `otpauth://totp/...` */
  readonly uri: string;
  /** The URI as a QR code, an SVG element. */
  readonly qr: string;
  readonly expiresAt: Date;
}

interface PendingSetup {
  readonly secret: string;
  readonly sealedSecret: Buffer;
  readonly expiresAt: Date;
  /** Seconds since 1970, by the clock of the database. */
  readonly now: number;
}

export class TotpSetupExpired extends DomainError {
  readonly code = 'totp-setup-expired';
  constructor() {
    super('There is no set-up to confirm, or it has expired. Begin again: POST /users/me/totp.');
  }
}

/** Sets up codes of an authenticator app, replaces and removes them. */
@Injectable()
export class TotpSetups {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly changes: FactorChanges,
    private readonly users: UserStore,
    private readonly personalData: PersonalData,
    private readonly totp: TotpFactor,
    private readonly recoveryCodes: RecoveryCodes,
  ) {}

  /** Replaces a set-up that was begun before. @throws Forbidden, UserNotFound, PreconditionFailed; NotAuthenticated, SignInExpired */
  async begin(request: FactorRequest): Promise<TotpSetup> {
    const secret = newSecret();
    return this.changes.prepare(request, async (tx) => {
      const user = await this.users.find(tx, request.id);
      const sealer = await this.personalData.sealer(tx, request.id);
      if (!user || !sealer) throw new UserNotFound();
      const [row] = await tx.query<[{ expiresAt: Date }]>(
        `INSERT INTO totp_setups (user_id, sealed_secret, expires_at) VALUES ($1, $2, now() + $3 * interval '1 minute')
         ON CONFLICT (user_id) DO UPDATE
           SET (sealed_secret, created_at, expires_at) = (excluded.sealed_secret, now(), excluded.expires_at)
         RETURNING expires_at AS "expiresAt"`,
        [request.id, sealer.seal(Buffer.from(secret), SECRET_LABEL), SETUP_MINUTES],
      );
      return this.shown(user, secret, row.expiresAt);
    });
  }

  /** The set-up that was begun and not confirmed yet, for a page that is loaded again. @throws as `begin`, and TotpSetupExpired */
  async resume(request: FactorRequest): Promise<TotpSetup> {
    return this.changes.prepare(request, async (tx) => {
      const user = await this.users.find(tx, request.id);
      if (!user) throw new UserNotFound();
      const { secret, expiresAt } = await this.pending(tx, request.id);
      return this.shown(user, secret, expiresAt);
    });
  }

  /**
   * Turns the set-up into a second factor, in place of an earlier one. The code that confirms it signs nobody in.
   * @returns new recovery codes, if the user has none
   * @throws Forbidden, UserNotFound, PreconditionFailed, TotpSetupExpired, WrongSecondFactor; RefusedByHandler
   */
  async confirm(request: FactorRequest, code: string): Promise<string[]> {
    return this.changes.add(request, { kind: 'totp', label: null }, async (tx) => {
      const setup = await this.pending(tx, request.id);
      const step = stepOf(setup.secret, code, setup.now);
      if (step === undefined) throw new WrongSecondFactor();
      await this.totp.removeAll(tx, request.id);
      await tx.query('INSERT INTO totp_credentials (user_id, sealed_secret, last_step) VALUES ($1, $2, $3)', [
        request.id,
        setup.sealedSecret,
        step,
      ]);
      return this.recoveryCodes.makeIfNone(tx, request.id);
    });
  }

  /** @throws Forbidden, UserNotFound, PreconditionFailed, NoSuchFactor; RefusedByHandler */
  async remove(request: FactorRequest): Promise<void> {
    await this.changes.remove(request, async (tx: Transaction) => {
      const held = await this.totp.heldBy(tx, request.id);
      if (held.length === 0) throw new NoSuchFactor();
      await this.totp.removeAll(tx, request.id);
      return held;
    });
  }

  /** @throws TotpSetupExpired */
  private async pending(tx: Transaction, userId: string): Promise<PendingSetup> {
    const [row] = await tx.query<Omit<PendingSetup, 'secret'>[]>(
      `SELECT sealed_secret AS "sealedSecret", expires_at AS "expiresAt", extract(epoch FROM clock_timestamp())::float8 AS now
       FROM totp_setups WHERE user_id = $1 AND expires_at > now()`,
      [userId],
    );
    const sealer = row && (await this.personalData.sealer(tx, userId));
    if (!sealer) throw new TotpSetupExpired();
    return { ...row, secret: sealer.open(row.sealedSecret, SECRET_LABEL).toString() };
  }

  private shown(user: UserEntity, secret: string, expiresAt: Date): TotpSetup {
    const label = user.email ?? user.username ?? accountName(user) ?? '';
    const uri = otpauthUri(secret, this.settings.PRODUCT_NAME, label);
    return { secret, uri, qr: renderSVG(uri, { border: 2, pixelSize: PIXEL }), expiresAt };
  }
}
