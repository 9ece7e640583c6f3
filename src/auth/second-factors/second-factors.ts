import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Transaction } from '../../database/transaction.js';
import {
  type HeldFactor,
  type ProofPurpose,
  SECOND_FACTOR_METHODS,
  SecondFactor,
  type SecondFactorMethod,
  type SecondFactorProof,
} from './second-factor.js';

/** The second factors of this server, which are all providers that extend `SecondFactor`, and those of a user. */
@Injectable()
export class SecondFactors implements OnModuleInit {
  private factors: readonly SecondFactor[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    const factors = [...new Set(instances.filter((instance) => instance instanceof SecondFactor))];
    const place = ({ method }: SecondFactor): number => SECOND_FACTOR_METHODS.indexOf(method);
    this.factors = factors.toSorted((one, other) => place(one) - place(other));
  }

  /** Those that the user has set up; recovery codes are none. */
  async heldBy(tx: Transaction, userId: string): Promise<HeldFactor[]> {
    const held: HeldFactor[] = [];
    for (const factor of this.factors) held.push(...(await factor.heldBy(tx, userId)));
    return held;
  }

  /** Whether the user's sign-ins need a second factor. */
  async hasOne(tx: Transaction, userId: string): Promise<boolean> {
    const [row] = await tx.query<[{ held: boolean }]>(`SELECT ${this.held('$1')} AS held`, [userId]);
    return row.held;
  }

  /** `hasOne` as a condition in a statement. @param user the parameter with the user's id, such as `$1` */
  held(user: string): string {
    const tables = this.factors.flatMap(({ table }) => table ?? []);
    const conditions = tables.map((table) => `EXISTS (SELECT FROM ${table} WHERE user_id = ${user}::uuid)`);
    return `(${['false', ...conditions].join(' OR ')})`;
  }

  /** What a user who holds a second factor (`hasOne`) can present now. */
  async methodsOf(tx: Transaction, userId: string): Promise<SecondFactorMethod[]> {
    const methods: SecondFactorMethod[] = [];
    for (const factor of this.factors) if ((await factor.count(tx, userId)) > 0) methods.push(factor.method);
    return methods;
  }

  /** How many recovery codes the user has not used. */
  async recoveryCodesLeft(tx: Transaction, userId: string): Promise<number> {
    return (await this.of('recovery-code')?.count(tx, userId)) ?? 0;
  }

  /**
   * Checks a proof and uses it up, in a transaction that holds the lock on the user's row. Who counts failures is the caller.
   * @returns what it adds to the session's `amr` (RFC 8176, 2), `mfa` not included; undefined if it is wrong
   */
  async verify(
    tx: Transaction,
    proof: SecondFactorProof,
    purpose: ProofPurpose,
  ): Promise<readonly string[] | undefined> {
    return this.of(proof.method)?.verify(tx, proof, purpose);
  }

  /** Removes every factor of the user, recovery codes included. @returns those that there were */
  async removeAll(tx: Transaction, userId: string): Promise<HeldFactor[]> {
    const held = await this.heldBy(tx, userId);
    for (const factor of this.factors) await factor.removeAll(tx, userId);
    return held;
  }

  private of(wanted: SecondFactorMethod): SecondFactor | undefined {
    return this.factors.find(({ method }) => method === wanted);
  }
}
